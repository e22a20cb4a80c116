//! One count and one observation, between two clock reads. Labels are method, endpoint and status.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use throughline_catalog::{catalog, label};
use throughline_http::{Method, Status};

use super::{Group, OPERATIONS, base, floor, group, ours, peer};
use crate::telemetry::{self as t, BUCKETS};
use crate::workload::{Op, Workload, nothing, op};

const METHOD: &str = "GET";
const ENDPOINT: &str = "/v1/agents/{id}";
const STATUS: &str = "200";

label! {
    /// Endpoints, found while the process runs.
    pub struct Endpoint: Capped<16>;
}

catalog! { pub mod families, budget 500_000;
    /// Requests.
    counter bench_requests_total { method: Method, endpoint: Endpoint, status: Status };
    /// Durations.
    histogram bench_duration_seconds { method: Method, endpoint: Endpoint, status: Status }
        buckets [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
}

pub(super) fn groups() -> Vec<Group> {
    let cases = vec![
        base("record/empty", "an empty loop", empty),
        floor("record/clock-pair", "floor: the two clock reads", || {
            Op::with(
                Duration::ZERO,
                |took| *took = timed(),
                |took| Some(format!("{took:?}")),
                nothing(),
            )
        }),
        floor(
            "record/atomics",
            "floor: plain atomics, one series",
            atomics,
        )
        .contended(),
        floor(
            "record/metrics-cached",
            "`metrics` handles kept by hand; exporter-prometheus",
            metrics_cached,
        )
        .contended(),
        ours(
            "record/throughline",
            "throughline catalog, typed labels at hand; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                let endpoint = Endpoint::of(ENDPOINT);
                op(move || catalogued(black_box(endpoint)), settle)
            },
        )
        .contended(),
        ours(
            "record/throughline-found",
            "throughline catalog, the endpoint found by its text; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                op(|| catalogued(Endpoint::of(black_box(ENDPOINT))), settle)
            },
        ),
        ours(
            "record/throughline-tally",
            "throughline catalog, typed labels at hand; on a recorder that does one \
            atomic addition a call",
            || {
                t::tally_recorder();
                let endpoint = Endpoint::of(ENDPOINT);
                op(move || catalogued(black_box(endpoint)), nothing())
            },
        ),
        peer(
            "record/metrics-macro-static",
            "`metrics` macros, static labels; exporter-prometheus",
            macros_static,
        ),
        peer(
            "record/metrics-macro-owned",
            "`metrics` macros, owned labels; exporter-prometheus",
            macros_owned,
        )
        .contended(),
        peer(
            "record/otel",
            "OpenTelemetry instruments with attributes; OpenTelemetry SDK",
            otel,
        )
        .contended(),
    ];
    vec![group(
        "record",
        "One count and one observation",
        "operation",
        OPERATIONS,
        cases,
    )]
}

/// What a loop costs by itself.
pub(super) fn empty() -> Box<dyn Workload> {
    op(|| black_box(()), nothing())
}

/// The two clock reads around something that does nothing.
fn timed() -> Duration {
    let start = Instant::now();
    black_box(());
    start.elapsed()
}

fn catalogued(endpoint: Endpoint) {
    let took = timed();
    let labels = (black_box(Method::Get), endpoint, Status::of(black_box(200)));
    families::bench_requests_total.with(labels).increment(1);
    families::bench_duration_seconds.with(labels).record(took);
}

/// Buckets, count and sum of one series.
#[derive(Default)]
#[repr(align(128))]
struct Series {
    requests: AtomicU64,
    buckets: [AtomicU64; BUCKETS.len() + 1],
    nanos: AtomicU64,
}

fn atomics() -> Box<dyn Workload> {
    static SERIES: std::sync::LazyLock<Series> = std::sync::LazyLock::new(Series::default);
    let count = |()| {
        let seconds = timed().as_secs_f64();
        SERIES.requests.fetch_add(1, Relaxed);
        let at = BUCKETS.partition_point(|bound| *bound < seconds);
        SERIES.buckets[at].fetch_add(1, Relaxed);
        SERIES.nanos.fetch_add((seconds * 1e9) as u64, Relaxed);
    };
    let counted = |_: &mut ()| Some(format!("{} counted in all", SERIES.requests.load(Relaxed)));
    Op::with((), move |()| count(()), counted, nothing())
}

fn metrics_cached() -> Box<dyn Workload> {
    let settle = t::prometheus_recorder();
    let requests = metrics::counter!(
        "bench_requests_total",
        "method" => METHOD, "endpoint" => ENDPOINT, "status" => STATUS
    );
    let duration = metrics::histogram!(
        "bench_duration_seconds",
        "method" => METHOD, "endpoint" => ENDPOINT, "status" => STATUS
    );
    let record = move || {
        let took = timed();
        requests.increment(1);
        duration.record(took);
    };
    op(record, settle)
}

fn macros_static() -> Box<dyn Workload> {
    let settle = t::prometheus_recorder();
    let record = || {
        let took = timed();
        let (method, endpoint, status) = black_box((METHOD, ENDPOINT, STATUS));
        metrics::counter!(
            "bench_requests_total",
            "method" => method, "endpoint" => endpoint, "status" => status
        )
        .increment(1);
        metrics::histogram!(
            "bench_duration_seconds",
            "method" => method, "endpoint" => endpoint, "status" => status
        )
        .record(took);
    };
    op(record, settle)
}

fn macros_owned() -> Box<dyn Workload> {
    let settle = t::prometheus_recorder();
    let record = || {
        let took = timed();
        let (method, endpoint, status) = black_box((METHOD, ENDPOINT, STATUS));
        metrics::counter!(
            "bench_requests_total",
            "method" => method.to_owned(),
            "endpoint" => endpoint.to_owned(),
            "status" => status.to_owned()
        )
        .increment(1);
        metrics::histogram!(
            "bench_duration_seconds",
            "method" => method.to_owned(),
            "endpoint" => endpoint.to_owned(),
            "status" => status.to_owned()
        )
        .record(took);
    };
    op(record, settle)
}

fn otel() -> Box<dyn Workload> {
    let meter = t::meter_provider().meter("bench");
    let requests = meter.u64_counter("bench.requests").build();
    let duration = meter.f64_histogram("bench.duration");
    let duration = duration.with_boundaries(BUCKETS.to_vec()).build();
    let record = move || {
        let seconds = timed().as_secs_f64();
        let (method, endpoint, status) = black_box((METHOD, ENDPOINT, 200));
        let labels = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", endpoint),
            KeyValue::new("http.response.status_code", status),
        ];
        requests.add(1, &labels);
        duration.record(seconds, &labels);
    };
    op(record, nothing())
}
