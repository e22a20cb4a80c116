//! What the kernel counts.

use throughline_catalog::catalog;

use super::{Stage, State};

catalog! { pub mod eigen, budget 500;
    /// State transitions of jobs.
    counter eigen_kernel_job_state_transitions_total { from: State, to: State };
    /// Time a job spent in a stage, in seconds.
    histogram eigen_kernel_stage_duration_seconds { stage: Stage }
        buckets [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
}
