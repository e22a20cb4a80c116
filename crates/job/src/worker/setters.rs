//! What a worker is told when it is made.

use std::sync::Arc;

use throughline_catalog::{Bound, Counter, Family, Gauge, Histogram};
use throughline_correlation::TenantId;

use super::{Config, Tenancy, Worker, lease::Leases};
use crate::{
    busy::Busy,
    events::Feed,
    labels::{JobLabels, JobType, QueueLabels, StartLabels, WorkerName},
    relation::Relation,
};

impl Worker {
    /// Says which broker it is, as the conventions call it: `kafka`, `nats`, `rabbitmq`, `redis`.
    pub fn system(mut self, system: &'static str) -> Self {
        self.config().endpoint.is_of(system);
        self
    }

    /// Names the group of consumers that share the queue, for spans.
    pub fn consumer_group(mut self, group: &str) -> Self {
        self.config().endpoint.group = Some(group.into());
        self
    }

    /// Names the worker, for [`WorkerName`]: one of few that stay, not one of a process.
    pub fn name(mut self, name: &str) -> Self {
        self.config().name = WorkerName::of(name);
        self
    }

    /// Has a span for each attempt at a job, and for receiving and settling.
    pub fn trace(mut self) -> Self {
        self.config().endpoint.trace = true;
        self
    }

    /// How the span stands to the one that the message was made in; see [`Relation`].
    pub fn relation(mut self, relation: Relation) -> Self {
        self.config().relation = relation;
        self
    }

    /// How many attempts a job has: the last one is [`Attempt::Final`](crate::Attempt::Final). Without it, or with 0,
    /// none is.
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.config().max_attempts = max_attempts;
        self
    }

    /// The only types of jobs that this worker knows; all others have the label `_OTHER`.
    pub fn job_types<'a>(mut self, types: impl IntoIterator<Item = &'a str>) -> Self {
        // In place before any message can take it.
        let _ = JobType::other();
        let types: Arc<[_]> = types.into_iter().map(JobType::of).collect();
        self.config().job_types = Some(types);
        self
    }

    /// Works for this tenant alone. It is the tenant in scope of every job; a message that names another
    /// is counted, and what it names is left out.
    pub fn tenant(mut self, tenant: &TenantId) -> Self {
        self.config().tenancy = Tenancy::One(tenant.clone());
        self
    }

    /// Believes the tenant in a message: for a queue that only services can write to which have checked
    /// it. Without this, or a tenant of its own, the worker leaves the tenant out and counts that.
    pub fn believe_tenants(mut self) -> Self {
        self.config().tenancy = Tenancy::Believed;
        self
    }

    /// Counts attempts that begin.
    pub fn started<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: StartLabels,
    {
        self.config().metrics.started = bound(family);
        self
    }

    /// Counts attempts that ended, however they ended.
    pub fn total<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: JobLabels,
    {
        self.config().metrics.total = bound(family);
        self
    }

    /// Counts attempts after the first, when they begin.
    pub fn retries<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: StartLabels,
    {
        self.config().metrics.retries = bound(family);
        self
    }

    /// Counts attempts that ended in the dead-letter queue.
    pub fn dead_letters<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: JobLabels,
    {
        self.config().metrics.dead_letters = bound(family);
        self
    }

    /// Shows how many jobs are being worked on.
    pub fn in_flight<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: StartLabels,
    {
        self.config().metrics.in_flight = bound(family);
        self
    }

    /// Observes the time of an attempt, in seconds. A batch has one.
    pub fn duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: JobLabels,
    {
        self.config().metrics.duration = bound(family);
        self
    }

    /// Observes how long each attempt waited beyond the moment it was due, in seconds: since it was
    /// enqueued, or since it was to be available. A message that does not say is not observed.
    pub fn queue_delay<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: StartLabels,
    {
        self.config().metrics.queue_delay = bound(family);
        self
    }

    /// Observes, when an attempt ends, how long ago the job was first enqueued, in seconds. With a label
    /// for the outcome it tells what a job takes from end to end, all attempts and waits included. A batch
    /// has one, that of its oldest.
    pub fn total_age<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: JobLabels,
    {
        self.config().metrics.total_age = bound(family);
        self
    }

    /// Observes how long [`receive`](Self::receive) took where it found something, in seconds.
    pub fn receive_duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: QueueLabels,
    {
        self.config().metrics.receive_duration = bound(family);
        self
    }

    /// Observes how long receiving and settling took, in seconds, by how they went: in place of
    /// [`receive_duration`](Self::receive_duration) and [`settle_duration`](Self::settle_duration), with an
    /// [`OperationName`](crate::OperationName) to tell them apart.
    pub fn broker_duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: JobLabels,
    {
        self.config().metrics.receive_duration = bound(family);
        self.config().metrics.settle_duration = bound(family);
        self
    }

    /// Observes how long [`settle`](Self::settle) took, in seconds.
    pub fn settle_duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: QueueLabels,
    {
        self.config().metrics.settle_duration = bound(family);
        self
    }

    /// Shows how many messages wait in the queue, from [`show_backlog`](Self::show_backlog).
    pub fn backlog<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: QueueLabels,
    {
        self.config().metrics.backlog = bound(family);
        self
    }

    /// Shows how long the oldest message has waited, in seconds, from
    /// [`show_backlog`](Self::show_backlog).
    pub fn oldest_age<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: QueueLabels,
    {
        self.config().metrics.oldest_age = bound(family);
        self
    }

    /// Shows at each [`observe`](Self::observe) how much of the time since the last one the worker was at
    /// work, in percent of what `slots` jobs at once would be.
    pub fn busy_time<F>(mut self, family: F, slots: u32) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: QueueLabels,
    {
        self.config().metrics.busy =
            bound(family).map(|family| (family, Arc::new(Busy::new(slots))));
        self
    }

    /// Shows at each [`observe`](Self::observe) how long ago the lease was last renewed that was not for
    /// longest, in seconds: by [`Job::heartbeat`](crate::Job::heartbeat), or when its job began. Of 1,024
    /// jobs at once.
    pub fn lease_age<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: QueueLabels,
    {
        self.config().metrics.leases =
            bound(family).map(|family| (family, Arc::new(Leases::new())));
        self
    }

    /// Keeps `capacity` events for slow readers, rounded up to a power of two; see
    /// [`follow`](Self::follow).
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn events(mut self, capacity: usize) -> Self {
        self.config().events = Some(Arc::new(Feed::new(capacity)));
        self
    }

    fn config(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "it is what each setter has to have"
)]
fn bound<F>(family: F) -> Option<Bound<F::Handle, crate::run::Run>>
where
    F: Family,
    F::Labels: JobLabels,
{
    Some(Bound::new(family, <F::Labels as JobLabels>::index_of))
}
