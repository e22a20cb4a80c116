//! Delay and age, with clocks that disagree.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use throughline_catalog::catalog;
use throughline_job::{Delivery, JobContext, Outcome, Queue, Worker};

use crate::support::Recorded;

catalog! { mod wait, budget 2_000;
    /// Time that a job waited beyond the moment it was due.
    histogram wait_queue_delay_seconds { queue: Queue } buckets [1.0];
    /// Time since the job was first enqueued.
    histogram wait_total_age_seconds { outcome: Outcome } buckets [1.0];
}

/// The delay, the age and the skews of a job whose message says these times, in seconds from now.
fn waited(
    first: Option<i64>,
    enqueued: Option<i64>,
    available: Option<i64>,
) -> (Option<f64>, Option<f64>, Vec<String>) {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_micros();
    let now = i64::try_from(now).unwrap();
    let mut message = HashMap::new();
    for (name, at) in [
        ("x-job-first-enqueued-at", first),
        ("x-job-enqueued-at", enqueued),
        ("x-job-available-at", available),
    ] {
        if let Some(at) = at {
            message.insert(name.to_owned(), (now + at * 1_000_000).to_string());
        }
    }
    let worker = Worker::new("wait")
        .queue_delay(wait::wait_queue_delay_seconds)
        .total_age(wait::wait_total_age_seconds);
    let context = JobContext::extract(&message);
    worker
        .start(Delivery::new("x", context.clone()))
        .end(Outcome::Ok);
    let values = recorded.values();
    let one = |name: &str| values.get(name).map(|values| values[0]);
    let skews = values.keys().filter(|key| key.contains("skew"));
    let skews = skews.map(|key| key.split(' ').next_back().unwrap().to_owned());
    (
        one("wait_queue_delay_seconds wait"),
        one("wait_total_age_seconds ok"),
        skews.collect(),
    )
}

fn near(value: Option<f64>, seconds: f64) {
    let value = value.unwrap();
    assert!(
        (seconds..seconds + 30.0).contains(&value),
        "{value} is not {seconds}"
    );
}

#[test]
fn b4_the_delay_counts_from_when_the_attempt_was_due_and_the_age_from_the_beginning() {
    let (delay, age, skews) = waited(Some(-500), Some(-200), None);
    near(delay, 200.0);
    near(age, 500.0);
    assert!(skews.is_empty());
    let (delay, age, skews) = waited(Some(-500), Some(-200), Some(-100));
    near(delay, 100.0);
    near(age, 500.0);
    assert!(skews.is_empty());
}

#[test]
fn a_message_that_does_not_say_is_not_observed() {
    assert_eq!(waited(None, None, None), (None, None, vec![]));
    let (delay, age, _) = waited(None, Some(-200), None);
    near(delay, 200.0);
    assert_eq!(age, None);
}

#[test]
fn a_message_from_the_future_has_waited_for_nothing_and_is_counted() {
    let (delay, age, skews) = waited(Some(1_000), Some(1_000), None);
    assert_eq!((delay, age), (Some(0.0), Some(0.0)));
    assert_eq!(skews, ["future"]);
    // It was to be available later than now: somebody took it too early, or his clock is ahead.
    let (delay, _, skews) = waited(Some(-10), Some(-10), Some(1_000));
    assert_eq!((delay, skews), (Some(0.0), vec!["future".to_owned()]));
}

#[test]
fn a_clock_that_went_backwards_between_attempts_is_counted() {
    let (delay, age, skews) = waited(Some(-100), Some(-500), None);
    near(delay, 500.0);
    near(age, 100.0);
    assert_eq!(skews, ["backwards"]);
}

#[test]
fn w3_resumed_after_a_restart_a_job_keeps_its_attempt_and_its_first_time() {
    let mut stored = HashMap::new();
    let begun = JobContext::of(throughline_context::Scope::default());
    let begun = begun
        .retried(Duration::ZERO)
        .retried(Duration::from_secs(30));
    begun.inject(&mut stored);
    let resumed = JobContext::extract(&stored);
    assert_eq!(resumed.attempt(), 3);
    assert_eq!(resumed.first_enqueued_at(), begun.first_enqueued_at());
    assert_eq!(resumed.available_at(), begun.available_at());
}
