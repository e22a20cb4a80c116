#![doc = include_str!("../README.md")]

#[cfg(feature = "access-log")]
mod access_log;
mod client;
#[cfg(doc)]
pub mod coming_from;
mod exchange;
mod extra;
#[cfg(feature = "fault")]
mod fault;
mod labels;
mod late;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "metrics")]
pub mod presets;
mod route;
mod route_label;
mod server;
#[cfg(feature = "trace")]
mod span;
mod status;
mod streams;
#[cfg(feature = "test-kit")]
pub mod test_kit;
#[cfg(feature = "websocket")]
pub mod websocket;
mod wire_labels;

#[cfg(feature = "access-log")]
pub use crate::access_log::ACCESS_LOG_FIELDS;
pub use crate::client::{Client, ClientBody, ClientFuture, ClientLayer, RouteTemplate};
#[cfg(feature = "reqwest")]
pub use crate::client::{ReqwestFuture, ReqwestService};
pub use crate::exchange::Exchange;
pub use crate::extra::{Extra, HandlerLabel};
pub use crate::labels::{
    HeadLabel, HeadLabels, HttpLabel, HttpLabels, Method, Outcome, Route, StartLabel, StartLabels,
    Target,
};
pub use crate::late::{CountedBody, RequestBody, RequestBodyLayer, RouteLayer, Routed, tell_route};
pub use crate::server::{Server, ServerBody, ServerFuture, ServerLayer};
pub use crate::status::Status;
pub use crate::streams::Streams;
pub use crate::wire_labels::{
    ErrorType, HttpRoute, ProtocolVersion, Scheme, SentStatus, StatusClass,
};

/// What the macros expand to. Not for use by hand, and without promise.
#[doc(hidden)]
pub mod __private {
    pub use crate::extra::Reader;
    pub use throughline_catalog::label;
}
