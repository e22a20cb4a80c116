//! An error is told once, and what is told stays where it belongs.
#![allow(clippy::unwrap_used)]

mod cause;
mod marks;
mod once;
mod support;
mod telling;
