//! What ids, scopes and layers promise, through the public API.
#![allow(clippy::unwrap_used)]

mod answers;
mod forward;
mod ids;
mod request_id;
mod scope;
mod set;
