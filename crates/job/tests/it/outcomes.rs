//! Each attempt is counted once, whatever happens to it.

use std::{
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt;
use opentelemetry::trace::Status;
use throughline_catalog::catalog;
use throughline_correlation::Ids;
use throughline_job::{
    Attempt, Delivery, Job, JobContext, JobType, Outcome, Queue, Worker, WorkerName,
};

use crate::support::{Recorded, Trace, attribute, poll};

catalog! { pub(crate) mod life, budget 1_000_000;
    /// Attempts that began.
    counter life_started_total { job_type: JobType };
    /// Attempts that ended.
    counter life_jobs_total { attempt: Attempt, outcome: Outcome };
    /// Attempts after the first.
    counter task_retry_count {} dictated "the orchestrator's dashboards";
    /// Attempts that ended in the dead-letter queue.
    counter life_dead_letters_total { queue: Queue };
    /// Jobs being worked on.
    gauge life_in_flight { worker: WorkerName };
    /// Time of an attempt.
    histogram life_duration_seconds { outcome: Outcome } buckets [1.0];
}

fn worker() -> Worker {
    Worker::new("life")
        .name("lab-1")
        .max_attempts(3)
        .started(life::life_started_total)
        .total(life::life_jobs_total)
        .retries(life::task_retry_count)
        .dead_letters(life::life_dead_letters_total)
        .in_flight(life::life_in_flight)
        .duration(life::life_duration_seconds)
        .trace()
}

/// What a job was counted as, that is started, counted and timed once, and no longer in flight.
fn counted(context: &JobContext, work: impl FnOnce(Job)) -> String {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let job = worker().start(Delivery::new("render", context.clone()));
    assert_eq!(recorded.value("life_in_flight lab-1"), 1.0);
    work(job);
    let values = recorded.values();
    assert_eq!(values["life_in_flight lab-1"], [0.0]);
    assert_eq!(
        values
            .keys()
            .filter(|key| key.starts_with("life_started"))
            .count(),
        1
    );
    let of = |family: &str| {
        let mut all = values.iter().filter(|(key, values)| {
            key.starts_with(family) && values.iter().any(|value| *value != 0.0)
        });
        let (key, values) = all.next().unwrap();
        assert!(all.next().is_none(), "{values:?}");
        assert_eq!(values.len(), 1);
        key.strip_prefix(family).unwrap().trim_start().to_owned()
    };
    let total = of("life_jobs_total");
    let durations: Vec<_> = values
        .keys()
        .filter(|key| key.starts_with("life_duration"))
        .collect();
    assert_eq!(durations.len(), 1);
    assert!(
        total.ends_with(durations[0].split(' ').next_back().unwrap()),
        "{total}"
    );
    total
}

fn first() -> JobContext {
    JobContext::of(throughline_context::Scope::default())
}

#[test]
fn b4_every_ending_has_its_outcome() {
    for outcome in Outcome::ALL {
        let seen = counted(&first(), |job| job.end(*outcome));
        assert_eq!(seen, format!("first {outcome}"));
    }
    assert_eq!(
        counted(&first(), |job| assert!(
            job.run(ready(Ok::<_, ()>(()))).now_or_never().is_some()
        )),
        "first ok"
    );
    assert_eq!(
        counted(&first(), |job| assert!(
            job.run(ready(Err::<(), _>(()))).now_or_never().is_some()
        )),
        "first failed"
    );
}

#[test]
fn a_job_that_nobody_ended_is_counted_by_how_it_was_left() {
    assert_eq!(counted(&first(), drop), "first abandoned");
    let cancelled = counted(&first(), |job| {
        let mut work = Box::pin(job.run(pending::<Result<(), ()>>()));
        assert!(poll(&mut work).is_pending());
    });
    assert_eq!(cancelled, "first cancelled");
    let panicked = counted(&first(), |job| {
        let work = job.run(async {
            if Ids::current().is_empty() {
                panic!("on purpose");
            }
            Ok::<_, ()>(())
        });
        let mut work = Box::pin(work);
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut work))).is_err());
    });
    assert_eq!(panicked, "first panicked");
    let unsaid = counted(&first(), |job| {
        assert_eq!(job.work(ready(7)).now_or_never(), Some(7));
    });
    assert_eq!(unsaid, "first abandoned");
}

#[test]
fn attempts_are_first_retry_and_final() {
    let at = |attempt| counted(&first().with_attempt(attempt), |job| job.end(Outcome::Ok));
    assert_eq!(at(1), "first ok");
    assert_eq!(at(2), "retry ok");
    assert_eq!(at(3), "final ok");
    assert_eq!(at(1_000), "final ok");
    let context = first();
    let job = Worker::new("once").start(Delivery::new("x", context.clone()).max_attempts(1));
    assert_eq!(
        (job.as_run().attempt(), job.is_final()),
        (Attempt::Final, true)
    );
    let job = Worker::new("for ever").start(Delivery::new("x", context.with_attempt(9)));
    assert_eq!(
        (job.as_run().attempt(), job.is_final()),
        (Attempt::Retry, false)
    );
}

#[test]
fn b5_retries_are_counted_when_they_begin_and_dead_letters_when_they_end() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let attempt = |n| worker().start(Delivery::new("x", first().with_attempt(n)));
    attempt(1).end(Outcome::Retry);
    assert_eq!(recorded.value("task_retry_count"), 0.0);
    attempt(2).end(Outcome::Retry);
    let last = attempt(3);
    assert_eq!(recorded.value("task_retry_count"), 2.0);
    last.end(Outcome::DeadLetter);
    assert_eq!(recorded.value("life_dead_letters_total life"), 1.0);
}

#[test]
fn an_attempt_that_died_with_its_worker_is_counted_by_the_one_that_takes_over() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let context = first().with_attempt(2);
    worker()
        .start(Delivery::new("x", context.clone()).taken_over())
        .end(Outcome::Ok);
    let values = recorded.values();
    assert_eq!(values["life_jobs_total first abandoned"], [1.0]);
    assert_eq!(values["life_jobs_total retry ok"], [1.0]);
    assert_eq!(values["life_in_flight lab-1"], [0.0]);
}

#[test]
fn only_a_failure_for_good_fails_the_span() {
    for outcome in Outcome::ALL {
        let trace = Trace::new();
        let context = trace.scope().run(JobContext::capture);
        worker()
            .start(Delivery::new("x", context.clone()))
            .end(*outcome);
        let span = trace.span("process life");
        let said = attribute(&span, "throughline.job.outcome");
        assert_eq!(said.as_deref(), Some(outcome.as_str()));
        let error = attribute(&span, "error.type");
        match outcome {
            Outcome::Ok | Outcome::Retry | Outcome::Cancelled => {
                assert_eq!((span.status, error), (Status::Unset, None));
            }
            _ => {
                assert_eq!(span.status, Status::error(""));
                assert_eq!(error.as_deref(), Some(outcome.as_str()));
            }
        }
    }
}
