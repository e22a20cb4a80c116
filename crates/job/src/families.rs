//! What this crate counts about itself.

use throughline_catalog::{catalog, label};

label! {
    /// What of a message's context was refused; the job went on without it.
    pub enum Rejected {
        /// The attempt is no number from 1 to 1,000,000.
        Attempt = "attempt",
        /// A time is no number of microseconds of this century.
        Time = "time",
        /// What set the job off is not one of the known words.
        Trigger = "trigger",
        /// The context from before the dead-letter queue is malformed.
        Origin = "origin",
        /// A value is there more than once.
        Repeated = "repeated",
        /// The tenant is not the worker's.
        ForeignTenant = "foreign_tenant",
        /// There is a tenant, and the worker has none to hold it against.
        UncheckedTenant = "unchecked_tenant",
    }
}

label! {
    /// How two clocks disagreed.
    pub enum Skew {
        /// The message was enqueued, or became due, later than now: no delay is what it had.
        Future = "future",
        /// A time that must come after another lies before it: a clock went backwards in between.
        Backwards = "backwards",
    }
}

catalog! { pub mod throughline, budget 30;
    /// Parts of a message's context that were refused; the job itself went on.
    counter throughline_job_context_rejected_total { reason: Rejected };
    /// Delays and ages that were negative and count as none.
    counter throughline_job_clock_skew_total { kind: Skew };
    /// Messages of a batch that its span does not link to, because it links to 128 others.
    counter throughline_job_links_left_out_total {};
    /// Jobs whose lease's age nobody sees, because there were 1,024 others at once.
    counter throughline_job_leases_untracked_total {};
    /// State transitions that the state machine does not allow, and that were not made.
    counter throughline_job_transitions_refused_total {};
    /// Events that a reader of a stream was too slow to see.
    counter throughline_job_events_missed_total {};
}

#[cold]
pub(crate) fn rejected(reason: Rejected) {
    throughline::throughline_job_context_rejected_total
        .with((reason,))
        .increment(1);
}

#[cold]
pub(crate) fn skewed(kind: Skew) {
    throughline::throughline_job_clock_skew_total
        .with((kind,))
        .increment(1);
}
