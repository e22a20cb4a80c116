//! That a trace, its state and the ids go through services in four languages, and that what arrives
//! malformed is handled as W3C Trace Context says.

#![allow(clippy::unwrap_used)]

mod cases;
mod chains;
mod harness;
mod hops;
mod pairs;
mod programs;
mod suite;
mod w3c;
