#![doc = include_str!("../README.md")]

pub mod families;

mod cause;
mod fault;
mod id;
mod peer;

pub use crate::fault::Fault;
pub use crate::id::FaultId;
pub use crate::peer::PeerError;
