//! Set-ups for a whole process that cases share, and what was seen at their far ends. Nothing leaves
//! the process.

mod seen;
mod tally;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{Link, SpanKind, TraceId, TracerProvider as _};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    Sampler, SamplingResult, SdkTracerProvider, ShouldSample, SpanData, SpanExporter, Tracer,
};
use throughline_log::{LogLayer, Schema, Writer};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

pub use self::seen::Seen;
pub use self::tally::tally_recorder;
use crate::workload::{Settle, both};

/// Twelve upper bounds, in seconds.
pub const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

static SPANS: AtomicU64 = AtomicU64::new(0);
static UNSAMPLED: AtomicU64 = AtomicU64::new(0);
static LOG_LINES: AtomicU64 = AtomicU64::new(0);
static LOG_BYTES: AtomicU64 = AtomicU64::new(0);
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
static METERS: OnceLock<SdkMeterProvider> = OnceLock::new();

/// Log output: counted and dropped.
struct Sink;

impl io::Write for Sink {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let lines = text.iter().filter(|&&byte| byte == b'\n').count();
        LOG_LINES.fetch_add(lines as u64, Relaxed);
        LOG_BYTES.fetch_add(text.len() as u64, Relaxed);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        SPANS.fetch_add(batch.len() as u64, Relaxed);
        Ok(())
    }
}

impl PushMetricExporter for Nowhere {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        seen::exported(metrics);
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

/// metrics-exporter-prometheus as the recorder of the process; settling is its upkeep.
pub fn prometheus_recorder() -> Settle {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)
        .expect("there are buckets")
        .build_recorder();
    let handle = recorder.handle();
    RECORDER.set(handle.clone()).ok();
    metrics::set_global_recorder(recorder).expect("one recorder a process");
    Arc::new(move || handle.run_upkeep())
}

/// A meter provider whose periodic reader never fires during a run.
pub fn meter_provider() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(Nowhere)
        .with_interval(Duration::from_secs(86_400))
        .build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    global::set_meter_provider(provider.clone());
    METERS.set(provider.clone()).ok();
    provider
}

/// A tracer provider with a batch processor into nothing, and the stock W3C propagator for those who
/// ask for one; settling flushes.
pub fn tracer_provider(sampled: bool) -> (SdkTracerProvider, Settle) {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let builder = SdkTracerProvider::builder().with_batch_exporter(Nowhere);
    let builder = if sampled {
        builder.with_sampler(Sampler::AlwaysOn)
    } else {
        builder.with_sampler(Never)
    };
    let provider = builder.build();
    global::set_tracer_provider(provider.clone());
    let flush = provider.clone();
    let settle = move || flush.force_flush().expect("the exporter takes all");
    (provider, Arc::new(settle))
}

/// Samples nothing, and counts what it refused.
#[derive(Clone, Debug)]
struct Never;

impl ShouldSample for Never {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        UNSAMPLED.fetch_add(1, Relaxed);
        Sampler::AlwaysOff.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

pub type OtelLayer<S> = tracing_opentelemetry::OpenTelemetryLayer<S, Tracer>;

/// The registry with the OpenTelemetry bridge as it is by default.
pub fn bridge(sampled: bool) -> Settle {
    bridge_with(sampled, |layer| layer)
}

/// The same without source location, thread, and busy and idle times.
pub fn lean_bridge(sampled: bool) -> Settle {
    bridge_with(sampled, |layer| {
        layer
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
    })
}

fn bridge_with(
    sampled: bool,
    tune: fn(OtelLayer<tracing_subscriber::Registry>) -> OtelLayer<tracing_subscriber::Registry>,
) -> Settle {
    let (provider, settle) = tracer_provider(sampled);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    tracing_subscriber::registry().with(tune(layer)).init();
    settle
}

/// `fmt().json()`, formatted in full and written to nothing.
pub fn fmt_json() {
    tracing_subscriber::fmt().json().with_writer(|| Sink).init();
}

/// `fmt().json()` and the OpenTelemetry bridge together.
pub fn fmt_json_and_bridge(sampled: bool) -> Settle {
    let (provider, settle) = tracer_provider(sampled);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(|| Sink)
        .with_filter(LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("bench")))
        .with(lines)
        .init();
    settle
}

/// Our log lines, written to nothing by their own thread; settling flushes.
pub fn throughline_log() -> Settle {
    let schema = Schema::builder()
        .service("bench")
        .fields([
            throughline_log::Field::timestamp(throughline_log::Precision::Micros),
            throughline_log::Field::level(throughline_log::LevelCase::Upper),
            throughline_log::Field::target(),
            throughline_log::Field::service(),
            throughline_log::Field::message(),
            throughline_log::Field::trace_id(),
            throughline_log::Field::span_id(),
        ])
        .allow([
            "method", "endpoint", "status", "driver", "shots", "attempt", "device",
        ])
        .build()
        .expect("the schema is good");
    let (writer, guard) = Writer::to(Sink).expect("there is a thread");
    let lines = LogLayer::new(schema, writer.clone()).with_filter(LevelFilter::INFO);
    tracing_subscriber::registry().with(lines).init();
    // The process ends without a shutdown.
    std::mem::forget(guard);
    Arc::new(move || assert_eq!(writer.flush(Duration::from_secs(10)).unwritten, 0))
}

/// Everything that a service of ours starts: recorder, tracer provider, log.
pub fn throughline_all() -> Settle {
    let (_, spans) = tracer_provider(true);
    both(both(prometheus_recorder(), spans), throughline_log())
}
