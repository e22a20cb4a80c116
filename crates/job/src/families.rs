//! What this crate counts about itself.

use throughline_catalog::catalog;

catalog! { pub mod throughline, budget 10;
    /// State transitions that the state machine does not allow, and that were not made.
    counter throughline_job_transitions_refused_total {};
    /// Transitions that a reader of the event stream was too slow to see.
    counter throughline_job_events_missed_total {};
}
