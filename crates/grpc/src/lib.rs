#![doc = include_str!("../README.md")]

mod call;
mod code;
mod labels;
mod layer;
mod method;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "trace")]
mod span;

pub use crate::call::Call;
pub use crate::code::Code;
pub use crate::labels::{GrpcLabel, GrpcLabels, Method, Outcome, StartLabel, StartLabels, Success};
pub use crate::layer::{Client, ClientLayer, GrpcBody, GrpcFuture, Server, ServerLayer};
