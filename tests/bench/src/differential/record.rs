//! What a subject has recorded, read where its user would.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{Link, SpanKind, TraceId, TracerProvider};
use opentelemetry::{Context, KeyValue, Value, global};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    Sampler, SamplingResult, SdkTracerProvider, ShouldSample, SpanData, SpanExporter,
};
use throughline_grpc::Code;
use tokio::time::{Instant, sleep};
use tracing::Metadata;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::Context as SpanContext;
use tracing_subscriber::prelude::*;

use super::subject::Subject;

/// How long a record may take to arrive; after that it is lost.
const PATIENCE: Duration = Duration::from_secs(1);

static SPANS: Mutex<Vec<SpanData>> = Mutex::new(Vec::new());
static PAGE: OnceLock<PrometheusHandle> = OnceLock::new();
static SAMPLED: AtomicBool = AtomicBool::new(true);
static LOGGED: AtomicBool = AtomicBool::new(true);

#[derive(Debug)]
struct Kept;

impl SpanExporter for Kept {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        SPANS.lock().expect("nobody panicked").append(&mut batch);
        Ok(())
    }
}

/// Samples all, or nothing while [`sample`] says so.
#[derive(Clone, Debug)]
struct Switched;

impl ShouldSample for Switched {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let sampler = if SAMPLED.load(Ordering::Relaxed) {
            Sampler::AlwaysOn
        } else {
            Sampler::AlwaysOff
        };
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

/// Whether spans are sampled from now on.
pub fn sample(is_on: bool) {
    SAMPLED.store(is_on, Ordering::Relaxed);
}

/// The process's tracer provider, and the stock propagator for those who ask for one.
pub fn provider() -> SdkTracerProvider {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(Kept)
        .with_sampler(Switched)
        .build();
    global::set_tracer_provider(provider.clone());
    provider
}

/// Whether spans of `tracing` pass the filter of its subscriber from now on.
pub fn log(is_on: bool) {
    LOGGED.store(is_on, Ordering::Relaxed);
}

/// The same behind `tracing`, every level of it while [`log`] does not say otherwise.
pub fn bridge() {
    let tracer = provider().tracer("differential");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let is_on = |_: &Metadata<'_>, _: &SpanContext<'_, Registry>| LOGGED.load(Ordering::Relaxed);
    let layer = layer.with_filter(dynamic_filter_fn(is_on));
    tracing_subscriber::registry().with(layer).init();
}

pub fn prometheus() {
    let recorder = PrometheusBuilder::new().build_recorder();
    PAGE.set(recorder.handle()).expect("it is set up once");
    metrics::set_global_recorder(recorder).expect("one recorder a process");
}

/// The page of metrics.
pub fn page() -> String {
    match PAGE.get() {
        Some(handle) => handle.render(),
        None => tonic_prometheus_layer::metrics::encode_to_string().unwrap_or_default(),
    }
}

/// The spans of this kind so far.
pub fn spans(kind: &SpanKind) -> Vec<SpanData> {
    let spans = SPANS.lock().expect("nobody panicked");
    let mut of_kind = spans.clone();
    of_kind.retain(|span| span.span_kind == *kind);
    of_kind
}

/// The span of a method.
pub fn span(kind: &SpanKind, method: &str) -> Option<SpanData> {
    let name = format!("/{method}");
    let mut spans = spans(kind);
    spans.retain(|span| span.name.ends_with(&name));
    spans.pop()
}

/// The value of the attribute that has one of these names.
pub fn attribute(span: &SpanData, names: &[&str]) -> Option<Value> {
    let found = |attribute: &&KeyValue| names.contains(&attribute.key.as_str());
    span.attributes.iter().find(found).map(|a| a.value.clone())
}

/// Asks until there is an answer, and no longer than is patient.
pub async fn awaited<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || PATIENCE < begun.elapsed() {
            return answer;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// The status under which a call was recorded, once all that the subject has for it has arrived.
pub async fn code(subject: Subject, kind: SpanKind, method: &str) -> String {
    let counts = subject.has_metrics() && kind == SpanKind::Server;
    let counted = async || match counts {
        true => Some(awaited(|| handled(method)).await.unwrap_or("lost".into())),
        false => None,
    };
    let spanned = async || {
        if !subject.has_spans() {
            return None;
        }
        let span = awaited(|| span(&kind, method)).await;
        Some(span.map_or("lost".into(), |span| code_of(&span)))
    };
    match (spanned().await, counted().await) {
        (Some(span), Some(metric)) if span != metric => format!("{span}, counted {metric}"),
        (Some(code), _) | (None, Some(code)) => code,
        (None, None) => unreachable!("a subject has spans or metrics"),
    }
}

fn code_of(span: &SpanData) -> String {
    const NAMES: [&str; 3] = [
        "rpc.response.status_code",
        "rpc.status_code",
        "rpc.grpc.status_code",
    ];
    let Some(value) = attribute(span, &NAMES) else {
        return "no status".to_owned();
    };
    let text = value.to_string();
    // Some write the number, as a number or as text.
    let number = text.parse::<usize>().ok();
    let code = number.and_then(|number| Code::ALL.get(number));
    code.map_or(text, |code| code.as_str().to_owned())
}

/// The code under which a call of `method` was counted as handled.
fn handled(method: &str) -> Option<String> {
    let mut codes = Vec::new();
    for (series, value) in samples("grpc_server_handled_total") {
        if value != 0.0 && label(&series, "grpc_method") == Some(method) {
            codes.extend(label(&series, "grpc_code").map(canonical));
        }
    }
    (!codes.is_empty()).then(|| codes.join(" and "))
}

/// go-grpc-prometheus spells codes as Go does, `NotFound`; others as the specification, `NOT_FOUND`.
fn canonical(spelled: &str) -> String {
    let letters = |text: &str| text.replace('_', "").to_ascii_uppercase();
    let is_it = |code: &&Code| letters(code.as_str()) == letters(spelled);
    let code = match spelled {
        // Go's has one L.
        "Canceled" => Some(&Code::Cancelled),
        _ => Code::ALL.iter().find(is_it),
    };
    code.map_or(spelled.to_owned(), |code| code.as_str().to_owned())
}

/// The series of a family and their values.
pub fn samples(family: &str) -> Vec<(String, f64)> {
    let page = page();
    let of_family = page.lines().filter(|line| {
        let rest = line.strip_prefix(family);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
    });
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        Some((series.to_owned(), value.parse().ok()?))
    };
    of_family.filter_map(sample).collect()
}

/// The sum over the series of a family, of one method or of all.
pub fn sum(family: &str, method: Option<&str>) -> f64 {
    let mut samples = samples(family);
    if let Some(method) = method {
        samples.retain(|(series, _)| label(series, "grpc_method") == Some(method));
    }
    samples.iter().map(|(_, value)| value).sum()
}

fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = series.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}
