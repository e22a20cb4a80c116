//! What is told of a job while it runs.

use std::{
    sync::atomic::{AtomicU8, Ordering},
    time::SystemTime,
};

use opentelemetry::{KeyValue, trace::TraceContextExt};
use throughline_correlation::JobId;
use tokio::time::Instant;

use super::Job;
use crate::labels::Outcome;

/// Something that happened to a job; see [`Worker::follow`](super::Worker::follow).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobEvent {
    /// When, on the job's own timeline.
    pub at: SystemTime,
    /// Which job, if its message named it.
    pub job: Option<JobId>,
    /// Which attempt.
    pub attempt: u32,
    /// What.
    pub what: JobUpdate,
}

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobUpdate {
    /// The attempt began.
    Started,
    /// So much of it is done.
    Progress {
        /// How much.
        done: u64,
        /// Of how much.
        total: u64,
    },
    /// The attempt ended.
    Ended(Outcome),
}

/// The percent that was told last, and one.
#[derive(Debug, Default)]
pub(super) struct Told(AtomicU8);

impl Told {
    /// Whether this is a percent more than was told.
    fn is_news(&self, done: u64, total: u64) -> bool {
        let percent = u128::from(done.min(total)) * 100 / u128::from(total.max(1));
        let percent = u8::try_from(percent).unwrap_or(100) + 1;
        self.0.fetch_max(percent, Ordering::Relaxed) < percent
    }
}

impl Job {
    /// Tells that `done` of `total` is done: an event on the job's span and to those that follow the
    /// worker, at most one for each percent; and, like a [heartbeat](Self::heartbeat), renews the lease.
    pub fn progress(&self, done: u64, total: u64) {
        self.heartbeat();
        if !self.progress.is_news(done, total) {
            return;
        }
        if let Some(span) = self.span() {
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let attributes = vec![
                KeyValue::new("done", number(done)),
                KeyValue::new("total", number(total)),
            ];
            let at = self.timeline.at(Instant::now());
            span.add_event_with_timestamp("progress", at, attributes);
        }
        self.tell(JobUpdate::Progress { done, total });
    }

    /// Renews the lease: the job is alive. Call it where the lease at the broker is renewed.
    pub fn heartbeat(&self) {
        if let (Some(place), Some((_, leases))) = (self.lease, &self.worker.config.metrics.leases) {
            leases.renew(place);
        }
    }

    pub(super) fn tell(&self, what: JobUpdate) {
        if let Some(feed) = &self.worker.config.events
            && feed.is_followed()
        {
            feed.tell(JobEvent {
                at: self.timeline.at(Instant::now()),
                job: self.scope.ids().get(),
                attempt: self.attempt(),
                what,
            });
        }
    }
}

/// Its own span, if it has one that is recorded.
impl Job {
    pub(super) fn span(&self) -> Option<opentelemetry::trace::SpanRef<'_>> {
        let span = self.scope.context().span();
        (self.is_spanned && span.is_recording()).then_some(span)
    }
}
