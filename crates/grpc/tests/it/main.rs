//! What the layers of both sides count, trace and leave alone.

#![allow(clippy::unwrap_used)]

mod client;
mod echo;
mod endings;
mod ledger;
mod methods;
mod script;
mod server;
mod socket;
mod spans;
mod surface;
mod traces;
