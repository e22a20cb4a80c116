//! What is known of one attempt at a job.

use crate::labels::{Attempt, JobType, Outcome, Queue, Trigger, WorkerName};

/// One attempt at a job, as far as labels need to know it; see [`JobLabel`](crate::JobLabel).
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub(crate) queue: Queue,
    pub(crate) worker: WorkerName,
    pub(crate) job_type: JobType,
    pub(crate) attempt: Attempt,
    pub(crate) trigger: Trigger,
    pub(crate) outcome: Outcome,
}

impl Run {
    /// The run that stands for a queue or a worker as a whole.
    pub(crate) fn of_queue(queue: Queue) -> Self {
        Self {
            queue,
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
