//! The families of a worker's life.

use std::sync::Arc;

use throughline_catalog::{Bound, Counter, Era, Gauge, Histogram};

use super::lease::Leases;
use crate::{
    busy::Busy,
    labels::{Attempt, Outcome},
    run::Run,
};

/// The families; each is optional.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    pub(super) started: Option<Bound<Counter, Run>>,
    pub(super) total: Option<Bound<Counter, Run>>,
    pub(super) retries: Option<Bound<Counter, Run>>,
    pub(super) dead_letters: Option<Bound<Counter, Run>>,
    pub(super) in_flight: Option<Bound<Gauge, Run>>,
    pub(super) duration: Option<Bound<Histogram, Run>>,
    pub(super) queue_delay: Option<Bound<Histogram, Run>>,
    pub(super) total_age: Option<Bound<Histogram, Run>>,
    pub(super) receive_duration: Option<Bound<Histogram, Run>>,
    pub(super) settle_duration: Option<Bound<Histogram, Run>>,
    pub(super) backlog: Option<Bound<Gauge, Run>>,
    pub(super) oldest_age: Option<Bound<Gauge, Run>>,
    pub(super) busy: Option<(Bound<Gauge, Run>, Arc<Busy>)>,
    pub(super) leases: Option<(Bound<Gauge, Run>, Arc<Leases>)>,
}

/// How many jobs of each attempt one [`Job`](super::Job) stands for: one, but of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Members([u32; Attempt::ALL.len()]);

impl Members {
    pub(super) fn add(&mut self, attempt: Attempt) {
        let members = &mut self.0[attempt as usize];
        *members = members.saturating_add(1);
    }

    /// The attempts, and how many jobs are at each.
    pub(super) fn each(self) -> impl Iterator<Item = (Attempt, u32)> {
        let all = Attempt::ALL.iter().copied().zip(self.0);
        all.filter(|(_, members)| *members != 0)
    }
}

impl Metrics {
    /// Counts what begins.
    pub(super) fn begin(&self, era: Era, run: Run, members: Members) {
        for (attempt, members) in members.each() {
            let run = Run { attempt, ..run };
            if let Some(family) = &self.started {
                family.at(era, &run).increment(members.into());
            }
            if let Some(family) = self.retries.as_ref()
                && attempt != Attempt::First
            {
                family.at(era, &run).increment(members.into());
            }
            if let Some(family) = &self.in_flight {
                family.at(era, &run).increment(members);
            }
        }
    }

    /// Counts what ends.
    pub(super) fn end(&self, era: Era, run: Run, members: Members) {
        for (attempt, members) in members.each() {
            let run = Run { attempt, ..run };
            if let Some(family) = &self.in_flight {
                family.at(era, &run).decrement(members);
            }
            self.ended(era, run, members);
        }
    }

    /// Counts attempts that ended, without having been in flight here.
    pub(super) fn ended(&self, era: Era, run: Run, members: u32) {
        if let Some(family) = &self.total {
            family.at(era, &run).increment(members.into());
        }
        if let Some(family) = self.dead_letters.as_ref()
            && run.outcome == Outcome::DeadLetter
        {
            family.at(era, &run).increment(members.into());
        }
    }
}
