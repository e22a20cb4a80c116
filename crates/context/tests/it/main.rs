//! What travels and what does not, through the public API.
#![allow(clippy::unwrap_used)]

mod random;
mod relay;
mod scope;
#[cfg(feature = "tokio")]
mod spawn;
mod support;
mod traceparent;
mod tracestate;
