//! Handles that outlive their series, with the exporter that evicts them. In a process of its own,
//! because the setting is the process's.

mod ledger;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use ledger::Ledger;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use metrics_util::MetricKindMask;
use throughline_catalog::{
    Bound, Counter, Era, Family, Gauge, Labels, Store, catalog, label, refresh_handles,
};

label! {
    struct Tenant: Capped<10>;
}

catalog! { mod api, budget 100;
    /// Requests.
    counter api_requests_total { ok: bool };
    /// Requests in flight.
    gauge api_requests_active { ok: bool };
    /// Time.
    histogram api_request_duration_seconds {} buckets [0.1, 1.0];
    /// How warm it is.
    gauge api_heat_celsius {};
    /// Requests of a tenant.
    counter api_tenant_requests_total { tenant: Tenant };
}

const IDLE: Duration = Duration::from_millis(20);

/// Far below the time-out, and short enough that threads meet in a renewal.
fn refresh() {
    refresh_handles(Duration::from_micros(100)).expect("nothing was recorded before");
}

fn exporter() -> (PrometheusRecorder, PrometheusHandle) {
    let recorder = PrometheusBuilder::new()
        .idle_timeout(MetricKindMask::ALL, Some(IDLE))
        .set_buckets(&[0.1, 1.0])
        .expect("there are some")
        .build_recorder();
    let handle = recorder.handle();
    (recorder, handle)
}

/// Renders until nothing with this prefix is on the page. The exporter looks at its clock only then.
#[track_caller]
fn wait_for_eviction(page: &PrometheusHandle, prefix: &str) {
    let begun = Instant::now();
    while page.render().lines().any(|line| line.starts_with(prefix)) {
        assert!(begun.elapsed() < Duration::from_secs(60), "not evicted");
        thread::yield_now();
    }
}

#[track_caller]
fn assert_shows(page: &PrometheusHandle, lines: &[&str]) {
    let page = page.render();
    for line in lines {
        assert!(page.lines().any(|own| own == *line), "no {line} in\n{page}");
    }
}

// The recorder of the process.
#[test]
fn what_comes_after_an_eviction_is_seen() {
    refresh();
    let (recorder, page) = exporter();
    metrics::set_global_recorder(recorder).expect("this process has no other");

    let counter = Counter::clone(&api::api_requests_total.with((true,)));
    let long = Gauge::clone(&api::api_requests_active.with((true,)));
    counter.increment(3);
    long.increment(1.0);
    api::api_heat_celsius.with(()).set(21.5);
    api::api_request_duration_seconds.with(()).record(0.5);
    api::api_tenant_requests_total
        .with((Tenant::of("a"),))
        .increment(1);
    assert_shows(
        &page,
        &[
            "api_requests_total{ok=\"true\"} 3",
            "api_requests_active{ok=\"true\"} 1",
            "api_heat_celsius 21.5",
            "api_request_duration_seconds_count 1",
            "throughline_label_values{label=\"tenant\"} 1",
            "throughline_label_limit{label=\"tenant\"} 10",
        ],
    );
    wait_for_eviction(&page, "api_");
    wait_for_eviction(&page, "throughline_");

    // A handle that was kept, and one that is asked for.
    counter.increment(1);
    api::api_requests_total.with((true,)).increment(1);
    api::api_request_duration_seconds.with(()).record(0.5);
    // A short request comes and goes; the long one is still there.
    api::api_requests_active.with((true,)).increment(1.0);
    api::api_requests_active.with((true,)).decrement(1.0);
    // Warmer by a degree than what the gauge was set to before.
    api::api_heat_celsius.with(()).increment(1.0);
    api::api_tenant_requests_total
        .with((Tenant::of("a"),))
        .increment(1);
    assert_shows(
        &page,
        &[
            "api_requests_total{ok=\"true\"} 2",
            "api_requests_active{ok=\"true\"} 1",
            "api_heat_celsius 22.5",
            "api_request_duration_seconds_bucket{le=\"0.1\"} 0",
            "api_request_duration_seconds_count 1",
            "api_tenant_requests_total{tenant=\"a\"} 1",
            "throughline_label_values{label=\"tenant\"} 1",
        ],
    );
    wait_for_eviction(&page, "api_");

    // The end of the long one is the first that happens, through its guard's own handle.
    long.decrement(1.0);
    assert_shows(&page, &["api_requests_active{ok=\"true\"} 0"]);
}

#[test]
fn two_layers_with_one_given_recorder_share_a_gauge() {
    refresh();
    let (recorder, page) = exporter();
    let recorder = Arc::new(recorder);
    let bound: Bound<Gauge, bool> = Bound::new(api::api_requests_active, |ok| (*ok,).index());
    let (one, other) = (bound.given(recorder.clone()), bound.given(recorder));
    let era = Era::current();
    one.at(era, &false).increment(1.0);
    other.at(era, &false).increment(1.0);
    assert_shows(&page, &["api_requests_active{ok=\"false\"} 2"]);
    wait_for_eviction(&page, "api_");
    other.at(era, &false).decrement(1.0);
    assert_shows(&page, &["api_requests_active{ok=\"false\"} 1"]);
    wait_for_eviction(&page, "api_");
    // The layer is gone when its last request ends.
    let guard = Gauge::clone(&one.at(era, &false));
    drop((one, other, bound));
    guard.decrement(1.0);
    assert_shows(&page, &["api_requests_active{ok=\"false\"} 0"]);
}

#[test]
fn renewals_lose_nothing_among_threads() {
    refresh();
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 20_000;
    let ledger = Ledger::default();
    let total: Store<Counter> =
        Store::given(api::api_requests_total::DESC, Arc::new(ledger.clone()));
    let active: Store<Gauge> =
        Store::given(api::api_requests_active::DESC, Arc::new(ledger.clone()));
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                for _ in 0..ROUNDS {
                    active.now(0).increment(1.0);
                    total.now(0).increment(1);
                    active.now(0).decrement(1.0);
                }
                active.now(0).increment(1.0);
            });
        }
    });
    let registered = ledger.registrations();
    assert!(10 < registered, "only {registered}: nothing was renewed");
    assert_eq!(
        ledger.count("api_requests_total{ok=false}"),
        THREADS * ROUNDS
    );
    assert_eq!(ledger.sum("api_requests_active{ok=false}"), THREADS as f64);
}
