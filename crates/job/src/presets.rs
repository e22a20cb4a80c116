//! Workers and producers with families that are declared already.
//!
//! [`worker`] has the plain names of this crate; [`otel_worker`] and [`otel_producer`] those of
//! OpenTelemetry's messaging conventions, as an OpenTelemetry exporter writes them for Prometheus. To
//! each of them anything else can be added. The families are in [`plain`] and [`conventional`], to be
//! documented, checked against a service's own catalogue, or added one by one.
//!
//! ```
//! use throughline_job::presets;
//!
//! let worker = presets::worker("renders").system("redis").max_attempts(5).trace();
//! let (sending, working) = (presets::otel_producer("renders"), presets::otel_worker("renders"));
//! # let _ = (worker, sending, working);
//!
//! let names: Vec<_> = presets::plain::CATALOGUE.families().iter().map(|family| family.name()).collect();
//! assert_eq!(names[0], "jobs_total");
//! ```

use throughline_catalog::catalog;

use crate::{
    labels::{Attempt, ErrorType, JobType, OperationName, Outcome, Queue, System},
    producer::Producer,
    worker::Worker,
};

catalog! {
    /// The families of [`worker`](super::worker), and others that can be added.
    ///
    /// Times have buckets from 5 ms to an hour, because jobs take anything.
    pub mod plain, budget 3_000_000;

    /// Attempts at jobs, by how they ended.
    counter jobs_total { queue: Queue, job_type: JobType, attempt: Attempt, outcome: Outcome };
    /// Time of an attempt.
    histogram job_duration_seconds { queue: Queue, job_type: JobType, outcome: Outcome }
        buckets [0.005, 0.05, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 900.0, 3600.0];
    /// Time that an attempt waited beyond the moment it was due.
    histogram job_queue_delay_seconds { queue: Queue, job_type: JobType }
        buckets [0.005, 0.05, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 900.0, 3600.0];
    /// Time from when a job was first enqueued to the end of an attempt.
    histogram job_age_seconds { queue: Queue, outcome: Outcome }
        buckets [0.05, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 86400.0];
    /// Jobs being worked on.
    gauge jobs_in_flight { queue: Queue };
    /// Attempts after the first.
    counter job_retries_total { queue: Queue, job_type: JobType };
    /// Attempts that ended in the dead-letter queue.
    counter job_dead_letters_total { queue: Queue, job_type: JobType };
    /// Messages that wait.
    gauge job_queue_backlog { queue: Queue };
    /// Time that the oldest message has waited.
    gauge job_queue_oldest_age_seconds { queue: Queue };
    /// Time that the worker was at work.
    gauge job_worker_busy_percent { queue: Queue };
    /// Time since the lease was renewed that was not for longest.
    gauge job_lease_age_seconds { queue: Queue };
}

catalog! {
    /// The families of [`otel_worker`](super::otel_worker) and [`otel_producer`](super::otel_producer).
    ///
    /// A label whose attribute the convention leaves out is empty.
    pub mod conventional, budget 2_000_000;

    /// Duration of processing operation.
    histogram messaging_process_duration_seconds {
        messaging_system: System,
        messaging_destination_name: Queue,
        messaging_operation_name: OperationName,
        error_type: ErrorType,
    } buckets [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
    /// Duration of messaging operation initiated by a producer or consumer client.
    histogram messaging_client_operation_duration_seconds {
        messaging_system: System,
        messaging_destination_name: Queue,
        messaging_operation_name: OperationName,
        error_type: ErrorType,
    } buckets [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
    /// Number of messages producer attempted to send to the broker.
    counter messaging_client_sent_messages_total {
        messaging_system: System,
        messaging_destination_name: Queue,
        messaging_operation_name: OperationName,
        error_type: ErrorType,
    };
    /// Number of messages that were delivered to the application.
    counter messaging_client_consumed_messages_total {
        messaging_system: System,
        messaging_destination_name: Queue,
        messaging_operation_name: OperationName,
    };
}

/// A worker with the plain names: `jobs_total`, `job_duration_seconds`, `job_queue_delay_seconds`,
/// `job_age_seconds`, `jobs_in_flight`, `job_retries_total` and `job_dead_letters_total`.
///
/// The gauges of [`plain`] that somebody has to feed or to observe can be added.
pub fn worker(queue: &str) -> Worker {
    Worker::new(queue)
        .total(plain::jobs_total)
        .duration(plain::job_duration_seconds)
        .queue_delay(plain::job_queue_delay_seconds)
        .total_age(plain::job_age_seconds)
        .in_flight(plain::jobs_in_flight)
        .retries(plain::job_retries_total)
        .dead_letters(plain::job_dead_letters_total)
}

/// A worker with the names of OpenTelemetry's conventions: `messaging_process_duration_seconds`,
/// `messaging_client_consumed_messages_total`, and `messaging_client_operation_duration_seconds` for
/// receiving and settling.
pub fn otel_worker(queue: &str) -> Worker {
    Worker::new(queue)
        .duration(conventional::messaging_process_duration_seconds)
        .started(conventional::messaging_client_consumed_messages_total)
        .broker_duration(conventional::messaging_client_operation_duration_seconds)
}

/// A producer with the names of OpenTelemetry's conventions:
/// `messaging_client_sent_messages_total` and `messaging_client_operation_duration_seconds`.
pub fn otel_producer(queue: &str) -> Producer {
    Producer::new(queue)
        .total(conventional::messaging_client_sent_messages_total)
        .duration(conventional::messaging_client_operation_duration_seconds)
}
