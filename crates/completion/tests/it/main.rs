//! How a response ends, in every order of things.

#![allow(clippy::unwrap_used)]

mod drive;
mod drops;
mod model;
mod orders;
mod panics;
mod script;
mod surface;
mod witness;
