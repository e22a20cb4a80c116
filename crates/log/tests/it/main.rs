//! The crate through its public API.
#![allow(clippy::unwrap_used)]

mod caps;
mod fields;
mod golden;
mod hostile;
mod ids;
mod keys;
mod outputs;
mod schema;
mod spans;
mod support;
mod writer;
