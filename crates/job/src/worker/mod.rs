//! The working side of a queue.

mod batch;
mod delivery;
mod job;
mod lease;
mod metrics;
mod observe;
mod progress;
mod receive;
mod setters;
mod start;

use std::{future::Future, sync::Arc};

use throughline_correlation::TenantId;

use self::metrics::Metrics;
pub use self::{
    delivery::Delivery,
    job::Job,
    progress::{JobEvent, JobUpdate},
    receive::Received,
};
use crate::{
    context::JobContext,
    endpoint::Endpoint,
    events::Feed,
    labels::{JobType, WorkerName},
    relation::Relation,
};

/// The working side of a queue: for each attempt at a job a span of kind `CONSUMER` that is linked to
/// the span its message was made in, the ids in scope, and the families of the worker's life.
///
/// Each family is optional, and so are the spans. Whatever happens to a job that was
/// [started](Self::start) it is counted once, with an [`Outcome`](crate::Outcome).
///
/// ```
/// use throughline_catalog::catalog;
/// use throughline_correlation::{Ids, JobId};
/// use throughline_job::{Attempt, Delivery, JobContext, JobType, Outcome, Queue, Worker};
///
/// catalog! { pub mod bench, budget 100_000;
///     /// Attempts at jobs, by how they ended.
///     counter jobs_total { job_type: JobType, attempt: Attempt, outcome: Outcome };
///     /// Time of an attempt.
///     histogram execution_duration_seconds { outcome: Outcome } buckets [0.1, 1.0, 10.0, 60.0];
///     /// Time that a job waited beyond the moment it was due.
///     histogram queue_delay_seconds { queue: Queue } buckets [0.01, 0.1, 1.0, 10.0];
///     /// Jobs being worked on.
///     gauge jobs_in_flight { queue: Queue };
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// # let _here = metrics::set_default_local_recorder(&recorder);
/// let worker = Worker::new("renders")
///     .system("redis")
///     .total(bench::jobs_total)
///     .duration(bench::execution_duration_seconds)
///     .queue_delay(bench::queue_delay_seconds)
///     .in_flight(bench::jobs_in_flight)
///     .max_attempts(5)
///     .trace();
///
/// // The context as it came with the message.
/// let id = JobId::generate();
/// let context = JobContext::capture().with_id(&id);
///
/// let page = worker.run(Delivery::new("thumbnail", context), async {
///     // Log lines, spans and calls in here carry the job's trace and ids.
///     assert_eq!(Ids::current_id::<JobId>().unwrap(), id);
///     Ok::<_, std::io::Error>("a page")
/// });
/// assert_eq!(page.await.unwrap(), "a page");
/// # assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 4);
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a worker does nothing by itself"]
pub struct Worker {
    config: Arc<Config>,
}

#[derive(Clone, Debug)]
struct Config {
    endpoint: Endpoint,
    name: WorkerName,
    relation: Relation,
    max_attempts: u32,
    tenancy: Tenancy,
    job_types: Option<Arc<[JobType]>>,
    metrics: Metrics,
    events: Option<Arc<Feed<JobEvent>>>,
}

/// What a worker makes of the tenant in a message.
#[derive(Clone, Debug)]
enum Tenancy {
    /// It is no word to go by.
    Unknown,
    /// It has to be this one.
    One(TenantId),
    /// It is, because only services that checked it can write to the queue.
    Believed,
}

impl Worker {
    /// The working side of this queue, topic or stream.
    pub fn new(queue: &str) -> Self {
        Self {
            config: Arc::new(Config {
                endpoint: Endpoint::new(queue),
                name: WorkerName::unnamed(),
                relation: Relation::default(),
                max_attempts: 0,
                tenancy: Tenancy::Unknown,
                job_types: None,
                metrics: Metrics::default(),
                events: None,
            }),
        }
    }

    /// Begins an attempt at a job, with its span and its place among those in flight.
    pub fn start(&self, delivery: Delivery<'_>) -> Job {
        start::one(self, delivery)
    }

    /// Begins an attempt at a batch of jobs of one type: one span, which links to where each message was
    /// made, up to 128 of them; the rest is counted. The span has no parent among them, and in scope are
    /// the ids that all of them share. Each message counts as a job of its own.
    pub fn start_batch(&self, job_type: &str, contexts: &[JobContext]) -> Job {
        batch::start(self, job_type, contexts)
    }

    /// Works on a job: as [`start`](Self::start), then the work in its scope, then `ok` or `failed`, by
    /// what it returns.
    ///
    /// # Errors
    /// Whatever the work returns.
    pub async fn run<T, E>(
        &self,
        delivery: Delivery<'_>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let job = self.start(delivery);
        let result = job.work(work).await;
        job.end_with(&result);
        result
    }

    /// The label of a job type that a message names.
    fn job_type(&self, text: &str) -> JobType {
        match &self.config.job_types {
            None => JobType::of(text),
            Some(known) => JobType::get(text)
                .filter(|found| known.contains(found))
                .unwrap_or_else(JobType::other),
        }
    }
}
