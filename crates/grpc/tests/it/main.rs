//! What the layers of both sides count, trace and leave alone.

#![allow(clippy::unwrap_used)]

mod access_log;
mod admission;
mod attempts;
mod capture;
mod client;
mod closed;
mod connections;
mod deadline;
mod echo;
mod endings;
mod errors;
mod ledger;
mod matrix;
mod messages;
mod methods;
mod names;
mod quiet;
mod script;
mod server;
mod socket;
mod spans;
mod surface;
mod traces;
mod trust;
mod web;
