//! What travels and what does not, through the public API.
#![allow(clippy::unwrap_used)]

mod baggage;
mod carriers;
mod propagator;
mod random;
mod relay;
mod scope;
#[cfg(feature = "tokio")]
mod spawn;
mod support;
mod switch;
mod traced;
mod traceparent;
mod tracestate;
mod trust;
mod vectors;
