//! The client's side: one layer, with the concerns that its caller names.

mod body;
#[cfg(feature = "trace")]
mod error;
mod future;
mod layer;
mod observer;
#[cfg(feature = "reqwest")]
mod reqwest;
mod route;
mod service;
#[cfg(feature = "trace")]
mod span;

#[cfg(feature = "reqwest")]
pub use self::reqwest::{ReqwestFuture, ReqwestService};
pub use self::{
    body::ClientBody, future::ClientFuture, layer::ClientLayer, route::RouteTemplate,
    service::Client,
};
