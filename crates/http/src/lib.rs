#![doc = include_str!("../README.md")]

mod exchange;
mod labels;
#[cfg(feature = "metrics")]
mod metrics;
mod route;
mod route_label;
mod server;
#[cfg(feature = "trace")]
mod span;
mod status;

pub use crate::exchange::Exchange;
pub use crate::labels::{HttpLabel, HttpLabels, Method, Outcome, Route, StartLabel, StartLabels};
pub use crate::server::{Server, ServerBody, ServerFuture, ServerLayer};
pub use crate::status::Status;

/// What the macros expand to. Not for use by hand, and without promise.
#[doc(hidden)]
pub mod __private {
    pub use throughline_catalog::label;
}
