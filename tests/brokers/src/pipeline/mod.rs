//! A pipeline in miniature: a scheduler sends benchmarks to a queue, workers take them, each has a runner
//! do it in a process of its own, and an operator takes out of the dead-letter queue what is to be tried
//! again.

pub mod families;
pub mod runner;

mod operator;
mod scheduler;
mod task;
mod worker;

pub use operator::redrive;
pub use scheduler::schedule;
pub use task::{Task, Way};
pub use worker::{MAX_ATTEMPTS, Settings, look, work};

/// The queue for what has failed for good.
#[must_use]
pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}-dead")
}
