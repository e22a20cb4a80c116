#![doc = include_str!("../README.md")]

mod credential;
#[cfg(feature = "axum")]
mod extract;
pub mod families;
mod forward;
mod generate;
mod id;
mod ids;
mod key;
mod request_id;
#[cfg(feature = "tonic")]
mod rpc;
mod scope;
mod secret;
mod text;

pub use crate::credential::{REDACTED, find_credential, scrub};
#[cfg(feature = "axum")]
pub use crate::extract::NoRequestId;
pub use crate::forward::{ForwardIds, ForwardIdsLayer};
pub use crate::id::{
    CorrelationId, Id, InvalidId, JobId, MAX_LEN, MessageId, RequestId, SessionId, TenantId,
};
pub use crate::ids::Ids;
pub use crate::key::Key;
pub use crate::request_id::{RequestIdFuture, RequestIdLayer, RequestIdService};
#[cfg(feature = "tonic")]
pub use crate::rpc::forward_ids;
pub use crate::scope::{Entered, EnteredStage, InScope};
pub use crate::secret::names_a_secret;
