//! What is known of one attempt at a job.

use crate::{
    endpoint::Endpoint,
    labels::{Attempt, JobType, OperationName, Outcome, Queue, System, Trigger, WorkerName},
};

/// One attempt at a job, as far as labels need to know it; see [`JobLabel`](crate::JobLabel).
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub(crate) queue: Queue,
    pub(crate) system: System,
    pub(crate) operation: OperationName,
    pub(crate) worker: WorkerName,
    pub(crate) job_type: JobType,
    pub(crate) attempt: Attempt,
    pub(crate) trigger: Trigger,
    pub(crate) outcome: Outcome,
}

impl Run {
    /// The run that stands for a queue or a worker as a whole.
    pub(crate) fn of_queue(endpoint: &Endpoint, operation: OperationName) -> Self {
        Self {
            queue: endpoint.queue,
            system: endpoint.label,
            operation,
            worker: WorkerName::unnamed(),
            job_type: JobType::OVERFLOW,
            attempt: Attempt::First,
            trigger: Trigger::Message,
            outcome: Outcome::Abandoned,
        }
    }

    /// The queue that it came from.
    #[must_use]
    pub const fn queue(&self) -> Queue {
        self.queue
    }

    /// The broker.
    #[must_use]
    pub const fn system(&self) -> System {
        self.system
    }

    /// What is done: a job is processed, and there are sending, receiving and settling beside it.
    #[must_use]
    pub const fn operation(&self) -> OperationName {
        self.operation
    }

    /// The worker.
    #[must_use]
    pub const fn worker(&self) -> WorkerName {
        self.worker
    }

    /// The kind of work.
    #[must_use]
    pub const fn job_type(&self) -> JobType {
        self.job_type
    }

    /// Which attempt it is.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// What set it off.
    #[must_use]
    pub const fn trigger(&self) -> Trigger {
        self.trigger
    }

    /// How it ended; until then [`Outcome::Abandoned`].
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }
}
