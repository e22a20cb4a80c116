#![doc = include_str!("../README.md")]

pub mod families;

mod context;
mod conventions;
mod ended;
mod endpoint;
mod job;
mod labels;
mod name;
mod operation;
mod producer;
mod relation;
mod run;
mod span;
mod stage;
mod time;
mod timed;
mod tracer;
mod transition;
mod worker;

pub use crate::context::JobContext;
pub use crate::job::job;
pub use crate::labels::{
    Attempt, JobLabel, JobLabels, JobType, Outcome, Queue, QueueLabel, QueueLabels, StartLabel,
    StartLabels, Trigger, WorkerName,
};
pub use crate::operation::operation;
pub use crate::producer::{Producer, Sending};
pub use crate::relation::Relation;
pub use crate::run::Run;
pub use crate::stage::stage;
pub use crate::transition::{
    IllegalTransition, State, Transition, TransitionEvents, Transitions, transition,
};
pub use crate::worker::{Delivery, Job, Received, Worker};
