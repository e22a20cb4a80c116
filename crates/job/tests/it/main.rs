//! Jobs, stages, operations and transitions: each is told once, whatever happens to it.
//!
//! The process's tracer provider is set once for all tests; each test looks at its own trace.
#![allow(clippy::unwrap_used)]

mod batches;
mod crossing;
mod dead_letters;
mod failures;
mod gauges;
mod hostile;
mod long_work;
mod loops;
mod names;
mod operations;
mod operations_of_stores;
mod outcomes;
mod relations;
mod spans;
mod stages;
mod support;
mod transitions;
mod waits;
