//! The layer that takes or makes the request's ids.

mod future;
mod layer;
mod service;

pub use self::{future::RequestIdFuture, layer::RequestIdLayer, service::RequestIdService};
