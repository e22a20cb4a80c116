#![doc = include_str!("../README.md")]
#![cfg_attr(
    not(all(feature = "access-log", feature = "metrics", feature = "trace")),
    allow(
        dead_code,
        clippy::unused_self,
        reason = "each concern needs a part of what is known of a call"
    )
)]

#[cfg(feature = "metrics")]
pub mod families;

#[cfg(feature = "access-log")]
mod access_log;
mod call;
mod capture;
mod code;
#[cfg(feature = "metrics")]
mod connector;
#[cfg(feature = "trace")]
mod conventions;
mod descriptor;
mod error;
mod labels;
mod layer;
mod messages;
mod method;
mod methods;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "metrics")]
mod queue;
mod quiet;
mod secret;
#[cfg(feature = "trace")]
mod span;
#[cfg(feature = "trace")]
mod text;
#[cfg(feature = "fault")]
mod told;
#[cfg(not(feature = "fault"))]
#[path = "untold.rs"]
mod told;
mod wire;

#[cfg(feature = "access-log")]
pub use crate::access_log::ACCESS_LOG_FIELDS;
pub use crate::call::Call;
pub use crate::capture::Capture;
pub use crate::code::Code;
#[cfg(feature = "metrics")]
pub use crate::connector::{ConnectFuture, ConnectLabels, Connection, Connector};
#[cfg(feature = "trace")]
pub use crate::conventions::Conventions;
pub use crate::error::ConfigError;
#[doc(hidden)]
pub use crate::labels::MetadataSource;
pub use crate::labels::{
    A66Method, CallType, CodeClass, CodeNumber, GoCode, GrpcLabel, GrpcLabels, Method, MethodName,
    Outcome, ServerAddress, Service, StartLabel, StartLabels, Success, System, Target,
};
pub use crate::layer::{
    Attempt, AttemptLayer, Client, ClientLayer, GrpcBody, GrpcFuture, Server, ServerLayer,
};
pub use crate::messages::{Counted, MessageBody, Messages, Rewrap, Uncounted};
pub use crate::methods::Methods;
#[cfg(feature = "metrics")]
pub use crate::queue::{Arrival, ArrivalLayer, QueueTime, QueueTimeLayer};
pub use crate::quiet::Quiet;
#[cfg(all(feature = "fault", feature = "tonic"))]
pub use crate::told::{peer_error, with_fault};

/// What the macro expands to. Not for use by hand, and without promise.
#[doc(hidden)]
pub mod __private {
    pub use crate::labels::check_key;
    pub use throughline_catalog::{Capped, Label, label};
}
