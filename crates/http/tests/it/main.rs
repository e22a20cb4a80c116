//! What the server layer counts, traces and leaves alone.

#![allow(clippy::unwrap_used)]

mod context;
mod counts;
mod endings;
mod faults;
mod labels;
mod ledger;
mod panics;
mod script;
mod socket;
mod spans;
mod surface;
mod traces;
