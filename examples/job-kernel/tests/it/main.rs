//! What the parts of the system do, and that the four programs work together.

#![allow(clippy::unwrap_used)]

mod optimizer;
mod parser;
mod simulator;
mod states;
mod support;
mod system;
mod table;
mod wire;
