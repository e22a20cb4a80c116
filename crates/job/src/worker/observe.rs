//! What a worker shows of itself as a whole: it changes while nothing happens, so somebody has to look.

use std::time::{Duration, SystemTime};

use throughline_catalog::{Bound, Era, Gauge};

use super::{JobEvent, Worker};
use crate::{events::Events, labels::OperationName, observe, run::Run, span, time::Stamp};

impl Worker {
    /// Shows how many messages wait in the queue, and since when the oldest does, as the broker says.
    pub fn show_backlog(&self, messages: u64, oldest: Option<SystemTime>) {
        let metrics = &self.config.metrics;
        self.show(metrics.backlog.as_ref(), || messages as f64);
        self.show(metrics.oldest_age.as_ref(), || {
            let age = oldest.map(|at| Stamp::of(at).age(Stamp::now()));
            age.unwrap_or_default().as_secs_f64()
        });
    }

    /// Shows what changes while nothing happens: the [busy time](Self::busy_time) since the last
    /// observation and the [age of the oldest lease](Self::lease_age).
    pub fn observe(&self) {
        let metrics = &self.config.metrics;
        if let Some((family, busy)) = &metrics.busy
            && let Some(percent) = busy.percent()
        {
            self.show(Some(family), || percent);
        }
        if let Some((family, leases)) = &metrics.leases {
            self.show(Some(family), || leases.oldest().as_secs_f64());
        }
    }

    /// [Observes](Self::observe) for ever; for a task of its own.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its timer, and if `every` is zero.
    pub async fn observe_every(&self, every: Duration) {
        observe::for_ever(every, || self.observe()).await;
    }

    /// Follows the jobs of this worker from now on: their starts, progress and ends. Nothing if the worker
    /// was not [told](Self::events) to keep events.
    #[must_use]
    pub fn follow(&self) -> Option<Events<JobEvent>> {
        Some(self.config.events.as_ref()?.follow())
    }

    fn show(&self, family: Option<&Bound<Gauge, Run>>, value: impl FnOnce() -> f64) {
        if let Some(family) = family
            && span::counts()
        {
            let run = Run {
                worker: self.config.name,
                ..Run::of_queue(&self.config.endpoint, OperationName::Process)
            };
            family.at(Era::current(), &run).set(value());
        }
    }
}
