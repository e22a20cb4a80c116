//! What only layers further in learn: the route, and how much of the request was read.

mod body;
mod request_body;
mod route;
mod slot;

pub(crate) use self::slot::Slot;
pub use self::{
    body::CountedBody,
    request_body::{RequestBody, RequestBodyLayer},
    route::{RouteLayer, Routed},
    slot::tell_route,
};
