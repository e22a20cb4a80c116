//! The server side: one layer, with the concerns that its caller names.

mod body;
mod config;
#[cfg(feature = "metrics")]
mod families;
mod future;
mod layer;
mod observer;
mod service;

pub use self::{body::ServerBody, future::ServerFuture, layer::ServerLayer, service::Server};
