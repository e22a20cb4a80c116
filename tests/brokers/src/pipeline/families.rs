//! What the pipeline counts.

use throughline_catalog::{catalog, label};
use throughline_job::{Attempt, JobType, Outcome, Queue, Trigger};

label! {
    /// A phase of a benchmark.
    pub enum Phase {
        /// A machine is made ready.
        Provision = "provision",
        /// The runner works.
        RunTest = "run_test",
        /// What it left is fetched.
        CollectArtifacts = "collect_artifacts",
        /// The machine is given back.
        Teardown = "teardown",
    }
}

catalog! { pub mod bench, budget 300_000;
    /// Attempts that began.
    counter bench_jobs_started_total { job_type: JobType, attempt: Attempt };
    /// Attempts that ended.
    counter bench_jobs_total { job_type: JobType, attempt: Attempt, trigger: Trigger, outcome: Outcome };
    /// Attempts under way.
    gauge bench_jobs_in_flight { queue: Queue };
    /// Attempts after the first.
    counter task_retry_count { job_type: JobType } dictated "the name on the dashboards of such pipelines";
    /// Attempts that ended in the dead-letter queue.
    counter bench_dead_letters_total { job_type: JobType };
    /// Messages that wait.
    gauge queue_backlog { queue: Queue };
    /// Time that a worker was at work.
    gauge worker_busy_time_percent { queue: Queue } dictated "the name on the dashboards of such pipelines";
    /// Time since the lease was renewed that was not for longest.
    gauge worker_lease_age_seconds { queue: Queue };
    /// Time of an attempt.
    histogram execution_duration_seconds { outcome: Outcome } buckets [0.01, 0.1, 1.0, 10.0, 60.0];
    /// How long an attempt waited beyond the moment it was due.
    histogram scheduling_delay_seconds { attempt: Attempt } buckets [0.001, 0.01, 0.1, 1.0, 10.0];
    /// Time in a phase.
    histogram bench_phase_duration_seconds { phase: Phase } buckets [0.01, 0.1, 1.0, 10.0, 60.0];
    /// Messages sent.
    counter bench_messages_sent_total { queue: Queue, attempt: Attempt, trigger: Trigger, outcome: Outcome };
    /// Time to send a message.
    histogram queue_push_latency_seconds { queue: Queue } buckets [0.001, 0.01, 0.1, 1.0];
    /// Time to receive one.
    histogram queue_pop_latency_seconds { queue: Queue } buckets [0.001, 0.01, 0.1, 1.0];
}
