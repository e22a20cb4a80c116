//! What is shown of a worker, a bench, a heartbeat as a whole.

use std::time::{Duration, SystemTime};

use throughline_catalog::{catalog, label};
use throughline_job::{
    Active, Ages, Delivery, JobContext, Outcome, Queue, Utilization, Worker, WorkerName,
};

use crate::support::Recorded;

label! { pub(crate) struct Bench: Capped<4>; }

catalog! { mod lab, budget 1_000;
    /// Messages that wait.
    gauge queue_backlog {};
    /// Time that the oldest has waited.
    gauge queue_oldest_age_seconds { queue: Queue };
    /// Time that a bench was in use.
    gauge bench_utilization_percent { bench: Bench };
    /// Time that a worker was at work.
    gauge worker_busy_time_percent { worker: WorkerName };
    /// Time since a bench was heard of.
    gauge bench_heartbeat_age { bench: Bench } dictated "the orchestrator's dashboards";
    /// Time since the lease was renewed that was not for longest.
    gauge lease_age_seconds {};
    /// Workers that run.
    gauge active_workers {};
}

/// What is shown now: a recorder for each look, because a look resets a gauge.
fn shown(look: impl FnOnce(), series: &str) -> Option<f64> {
    let recorded = Recorded::new();
    let _here = recorded.here();
    look();
    recorded.values().get(series).map(|values| values[0])
}

fn start(worker: &Worker) -> throughline_job::Job {
    worker.start(Delivery::new("x", JobContext::of(Default::default())))
}

#[tokio::test(start_paused = true)]
async fn b5_a_workers_busy_time_is_of_the_time_since_the_last_look() {
    let worker = Worker::new("busy")
        .name("w-1")
        .busy_time(lab::worker_busy_time_percent, 2);
    let busy = || shown(|| worker.observe(), "worker_busy_time_percent w-1");
    let second = Duration::from_secs(1);
    assert_eq!(busy(), None, "no time has passed");
    tokio::time::advance(4 * second).await;
    assert_eq!(busy(), Some(0.0));
    let (one, other) = (start(&worker), start(&worker));
    tokio::time::advance(3 * second).await;
    one.end(Outcome::Ok);
    tokio::time::advance(second).await;
    // Seven of eight; what still runs counts too.
    assert_eq!(busy(), Some(87.5));
    tokio::time::advance(4 * second).await;
    assert_eq!(busy(), Some(50.0));
    drop(other);
    tokio::time::advance(4 * second).await;
    assert_eq!(busy(), Some(0.0));
    let _three = [start(&worker), start(&worker), start(&worker)];
    tokio::time::advance(second).await;
    assert_eq!(busy(), Some(100.0));
}

#[tokio::test(start_paused = true)]
async fn b5_a_benchs_utilization_has_a_series_for_each_that_was_ever_in_use() {
    let benches = Utilization::new(lab::bench_utilization_percent, 1);
    let in_use = benches.begin((Bench::of("arm"),));
    tokio::time::advance(Duration::from_secs(1)).await;
    drop(in_use);
    tokio::time::advance(Duration::from_secs(3)).await;
    let recorded = Recorded::new();
    let _here = recorded.here();
    benches.observe();
    let values: Vec<_> = recorded.values().into_iter().collect();
    assert_eq!(
        values,
        [("bench_utilization_percent arm".to_owned(), vec![25.0])]
    );
}

#[tokio::test(start_paused = true)]
async fn b4_a_heartbeats_age_grows_until_the_next_one() {
    let heartbeats = Ages::new(lab::bench_heartbeat_age);
    let (arm, x86) = ((Bench::of("arm"),), (Bench::of("x86"),));
    let age = || shown(|| heartbeats.observe(), "bench_heartbeat_age arm");
    assert_eq!(age(), None);
    heartbeats.mark(arm);
    tokio::time::advance(Duration::from_secs(40)).await;
    assert_eq!(age(), Some(40.0));
    assert_eq!(heartbeats.age(arm), Some(Duration::from_secs(40)));
    assert_eq!(heartbeats.age(x86), None);
    heartbeats.mark(arm);
    assert_eq!(age(), Some(0.0));
    heartbeats.mark_at(arm, SystemTime::now() - Duration::from_secs(1_000));
    let seen = age().unwrap();
    assert!((1_000.0..1_030.0).contains(&seen), "{seen}");
    heartbeats.forget(arm);
    assert_eq!(age(), None);
}

#[test]
fn a_heartbeat_from_the_future_is_now_and_counted() {
    let heartbeats = Ages::new(lab::bench_heartbeat_age);
    let ahead = SystemTime::now() + Duration::from_secs(1_000);
    let bench = (Bench::of("arm"),);
    let skewed = shown(
        || heartbeats.mark_at(bench, ahead),
        "throughline_job_clock_skew_total future",
    );
    assert_eq!(skewed, Some(1.0));
    assert!(heartbeats.age(bench).unwrap() < Duration::from_secs(30));
}

#[test]
fn b4_b5_the_backlog_is_what_the_broker_says() {
    let worker = Worker::new("backlog")
        .backlog(lab::queue_backlog)
        .oldest_age(lab::queue_oldest_age_seconds);
    let at = SystemTime::now() - Duration::from_secs(90);
    assert_eq!(
        shown(|| worker.show_backlog(17, None), "queue_backlog"),
        Some(17.0)
    );
    let oldest = "queue_oldest_age_seconds backlog";
    let age = shown(|| worker.show_backlog(17, Some(at)), oldest).unwrap();
    assert!((90.0..120.0).contains(&age), "{age}");
    assert_eq!(shown(|| worker.show_backlog(0, None), oldest), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn b4_the_lease_that_was_not_renewed_for_longest_is_shown() {
    let worker = Worker::new("leases").lease_age(lab::lease_age_seconds);
    let age = || shown(|| worker.observe(), "lease_age_seconds");
    assert_eq!(age(), Some(0.0));
    let (one, other) = (start(&worker), start(&worker));
    tokio::time::advance(Duration::from_secs(10)).await;
    one.heartbeat();
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(age(), Some(20.0));
    other.progress(1, 2);
    assert_eq!(age(), Some(10.0));
    drop(one);
    assert_eq!(age(), Some(0.0));
    drop(other);
    assert_eq!(age(), Some(0.0));
}

#[test]
fn more_leases_than_there_are_places_are_counted_and_harm_nothing() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let worker = Worker::new("leases").lease_age(lab::lease_age_seconds);
    let held: Vec<_> = (0..1_030).map(|_| start(&worker)).collect();
    assert_eq!(
        recorded.value("throughline_job_leases_untracked_total"),
        6.0
    );
    held.iter().for_each(throughline_job::Job::heartbeat);
    drop(held);
    drop(start(&worker));
    assert_eq!(
        recorded.value("throughline_job_leases_untracked_total"),
        6.0
    );
}

#[test]
fn b4_what_is_active_is_lowered_where_it_was_raised() {
    let (began, other) = (Recorded::new(), Recorded::new());
    let active = began.during(|| Active::new(lab::active_workers, ()));
    assert_eq!(began.value("active_workers"), 1.0);
    other.during(|| drop(active));
    assert_eq!(other.values().len(), 0);
    let here = began.here();
    let again = Active::new(lab::active_workers, ());
    drop(again);
    drop(here);
    assert_eq!(began.value("active_workers"), 1.0);
}
