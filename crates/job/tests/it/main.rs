//! Jobs, stages, operations and transitions: each is told once, whatever happens to it.
//!
//! The process's tracer provider is set once for all tests; each test looks at its own trace.
#![allow(clippy::unwrap_used)]

mod batches;
mod crossing;
mod dead_letters;
mod hostile;
mod operations;
mod outcomes;
mod relations;
mod spans;
mod stages;
mod support;
mod transitions;
mod waits;
