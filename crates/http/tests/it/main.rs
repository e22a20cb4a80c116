//! What the layers count, trace and leave alone, on both sides.

#![allow(clippy::unwrap_used)]

#[cfg(feature = "access-log")]
mod access_log;
mod client;
mod client_socket;
mod context;
mod counts;
mod endings;
mod extras;
mod faults;
mod labels;
mod late;
mod ledger;
mod panics;
mod presets;
mod script;
mod sizes;
mod skipped;
mod socket;
mod spans;
mod streams;
mod surface;
mod traces;
mod trust;
mod unsent;
#[cfg(feature = "axum-ws")]
mod websocket;
#[cfg(feature = "axum-ws")]
mod websocket_socket;
