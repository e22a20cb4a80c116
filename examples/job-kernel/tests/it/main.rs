//! What the parts of the system do, that the four programs work together, and that they keep each
//! of their requirements: a test of one has its number at the beginning of its name.

#![allow(clippy::unwrap_used)]

mod bounds;
mod circuits;
mod defaults;
mod errors;
mod events;
mod harness;
mod logs;
mod optimizer;
mod pages;
mod parser;
mod promises;
mod python;
mod secrets;
mod simulator;
mod states;
mod system;
mod table;
mod traces;
mod wire;
