#![doc = include_str!("../README.md")]

pub mod families;
mod forward;
mod generate;
mod id;
mod ids;
mod key;
mod request_id;
mod scope;

pub use crate::forward::{ForwardIds, ForwardIdsLayer};
pub use crate::id::{
    CorrelationId, Id, InvalidId, JobId, MAX_LEN, MessageId, RequestId, SessionId, TenantId,
};
pub use crate::ids::Ids;
pub use crate::key::Key;
pub use crate::request_id::{RequestIdFuture, RequestIdLayer, RequestIdService};
pub use crate::scope::{Entered, InScope};
