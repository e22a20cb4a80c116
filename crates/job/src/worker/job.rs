//! An attempt at a job, from its start to its end.

use std::{future::Future, time::Duration};

use opentelemetry::{KeyValue, trace::Status};
use throughline_catalog::Era;
use throughline_context::Scope;

use super::{JobUpdate, Worker, metrics::Members, progress::Told};
use crate::{
    context::JobContext,
    conventions::{ERROR_TYPE, OUTCOME},
    ended::{Ended, Watched},
    labels::{Attempt, Outcome},
    run::Run,
    time::{Stamp, Timeline},
};

/// An attempt at a job, or at a batch of them, that has begun; made by [`Worker::start`].
///
/// It is counted once, when it ends: with the outcome that it is [given](Self::end), or, if it is
/// dropped without one, as `cancelled` if its work was dropped before its end, `panicked` if the work
/// panicked, and `abandoned` if nobody said what its end meant.
///
/// ```
/// use std::time::Duration;
/// use throughline_job::{Delivery, JobContext, Outcome, Producer, Worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let worker = Worker::new("renders").max_attempts(3).trace();
/// let renders = Producer::new("renders").trace();
/// let dead = Producer::new("renders.dead").trace();
/// # let render = async || Err::<(), _>("no fuel");
/// # let send = async |_: &JobContext| Ok::<_, std::io::Error>(());
/// # let context = JobContext::capture();
///
/// let job = worker.start(Delivery::new("thumbnail", context));
/// match job.work(render()).await {
///     Ok(()) => job.end(Outcome::Ok),
///     Err(_) if job.is_final() => {
///         // What is sent in the job's scope is part of its trace.
///         let sending = job.in_scope(|| dead.dead_letter("thumbnail", job.context()));
///         let message = sending.context().clone();
///         sending.around(send(&message)).await.unwrap();
///         job.end(Outcome::DeadLetter);
///     }
///     Err(_) => {
///         let delay = Duration::from_secs(30);
///         let sending = job.in_scope(|| renders.retry("thumbnail", job.context(), delay));
///         let message = sending.context().clone();
///         assert_eq!(message.attempt(), 2);
///         sending.around(send(&message)).await.unwrap();
///         job.end(Outcome::Retry);
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a job that is dropped is counted as abandoned"]
pub struct Job {
    pub(super) worker: Worker,
    context: JobContext,
    run: Run,
    members: Members,
    pub(super) scope: Scope,
    pub(super) is_spanned: bool,
    pub(super) timeline: Timeline,
    counted: Option<Era>,
    max_attempts: u32,
    ended: Ended,
    pub(super) lease: Option<usize>,
    pub(super) progress: Told,
}

/// What a job begins with.
pub(super) struct Parts<'a> {
    pub(super) worker: &'a Worker,
    pub(super) context: JobContext,
    pub(super) run: Run,
    pub(super) members: Members,
    pub(super) scope: Scope,
    /// Whether the span in scope is the job's own.
    pub(super) is_spanned: bool,
    pub(super) timeline: Timeline,
    pub(super) counted: Option<Era>,
    pub(super) max_attempts: u32,
}

impl Job {
    pub(super) fn begin(parts: Parts<'_>) -> Self {
        // Not taken apart: its context is large, and is moved but once.
        let Parts {
            worker,
            run,
            members,
            ..
        } = parts;
        if let Some(era) = parts.counted {
            worker.config.metrics.begin(era, run, members);
        }
        let metrics = &worker.config.metrics;
        if let Some((_, busy)) = &metrics.busy {
            busy.begin();
        }
        let leases = metrics.leases.as_ref();
        let job = Self {
            worker: worker.clone(),
            context: parts.context,
            run,
            members,
            scope: parts.scope,
            is_spanned: parts.is_spanned,
            timeline: parts.timeline,
            counted: parts.counted,
            max_attempts: parts.max_attempts,
            ended: Ended::new(),
            lease: leases.and_then(|(_, leases)| leases.take()),
            progress: Told::default(),
        };
        job.tell(JobUpdate::Started);
        job
    }

    /// The context that came with the message; of a batch, that of the oldest.
    #[must_use]
    pub const fn context(&self) -> &JobContext {
        &self.context
    }

    /// What labels see of it.
    #[must_use]
    pub const fn as_run(&self) -> &Run {
        &self.run
    }

    /// The number of the attempt, from 1.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.context.attempt()
    }

    /// Whether it is the last attempt that the job has.
    #[must_use]
    pub fn is_final(&self) -> bool {
        super::start::attempt(self.attempt(), self.max_attempts) == Attempt::Final
    }

    /// The job's scope: its span and its ids.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Does something short in the job's scope.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.scope.run(f)
    }

    /// Works in the job's scope. A job may be worked on several times, one after the other; the last
    /// one tells how it ended if nobody does.
    pub fn work<F: Future>(&self, work: F) -> impl Future<Output = F::Output> {
        Watched::new(self.scope.clone().around(work), &self.ended)
    }

    /// Works in the job's scope and ends it, as `ok` or `failed`.
    ///
    /// # Errors
    /// Whatever the work returns.
    pub async fn run<T, E>(self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let result = self.work(work).await;
        self.end_with(&result);
        result
    }

    /// Ends it, as `ok` or `failed`.
    pub(super) fn end_with<T, E>(self, result: &Result<T, E>) {
        self.end(match result {
            Ok(_) => Outcome::Ok,
            Err(_) => Outcome::Failed,
        });
    }

    /// Ends it.
    pub fn end(self, outcome: Outcome) {
        self.ended.set(outcome);
    }

    /// How long ago it began.
    fn took(&self) -> Duration {
        self.timeline.instant().elapsed()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.run.outcome = self.ended.get();
        self.tell(JobUpdate::Ended(self.run.outcome));
        let metrics = &self.worker.config.metrics;
        if let Some((_, busy)) = &metrics.busy {
            busy.end();
        }
        if let (Some(place), Some((_, leases))) = (self.lease, &metrics.leases) {
            leases.give_back(place);
        }
        let took = self.took();
        let end = self.timeline.at(self.timeline.instant() + took);
        if let Some(era) = self.counted {
            // In the span, so that whoever keeps exemplars finds it.
            let _in = self.is_spanned.then(|| self.scope.enter());
            metrics.end(era, self.run, self.members);
            if let Some(family) = &metrics.duration {
                family.at(era, &self.run).record(took);
            }
            if let Some(family) = &metrics.total_age
                && let Some(age) = self.context.age(Stamp::of(end))
            {
                family.at(era, &self.run).record(age);
            }
        }
        if let Some(span) = self.span() {
            let outcome = self.run.outcome;
            span.set_attribute(KeyValue::new(OUTCOME, outcome.as_str()));
            if outcome.is_failure() {
                span.set_attribute(KeyValue::new(ERROR_TYPE, outcome.as_str()));
                span.set_status(Status::error(""));
            }
            span.end_with_timestamp(end);
        }
    }
}
