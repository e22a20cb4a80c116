#![doc = include_str!("../README.md")]

pub mod families;
pub mod presets;

mod active;
mod age;
mod busy;
mod context;
mod control_loop;
mod conventions;
mod ended;
mod ending;
mod endpoint;
mod events;
mod failure;
mod job;
mod labels;
mod name;
mod observe;
mod operation;
mod producer;
mod relation;
mod run;
mod since;
mod span;
mod stage;
mod time;
mod timed;
mod transition;
mod worker;

pub use crate::active::Active;
pub use crate::age::Ages;
pub use crate::busy::{InUse, Utilization};
pub use crate::context::JobContext;
pub use crate::control_loop::ControlLoop;
pub use crate::ending::Ending;
pub use crate::events::Events;
pub use crate::failure::record_error;
pub use crate::job::job;
pub use crate::labels::{
    Attempt, ErrorType, JobLabel, JobLabels, JobType, OperationName, Outcome, Queue, QueueLabel,
    QueueLabels, StartLabel, StartLabels, System, Trigger, WorkerName,
};
pub use crate::operation::{Operation, QueryClass, operation};
pub use crate::producer::{Producer, Sending};
pub use crate::relation::Relation;
pub use crate::run::Run;
pub use crate::stage::{StageLabels, stage};
pub use crate::transition::{
    IllegalTransition, State, Transition, TransitionEvents, Transitions, transition,
};
pub use crate::worker::{Delivery, Job, JobEvent, JobUpdate, Received, Worker};
