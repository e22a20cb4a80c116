//! What the tests share: a catalogue, what was recorded, a trace to look at.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Mutex, OnceLock},
    task::{Context as Task, Poll, Waker},
    time::Duration,
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use opentelemetry::{
    Context, KeyValue, global,
    trace::{Span as _, SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{InMemorySpanExporter, SdkTracerProvider, Span, SpanData, SpanProcessor},
};
use throughline_catalog::{catalog, label};
use throughline_context::Scope;
use throughline_correlation::Ids;
use throughline_job::State;

label! { pub enum Stage { Compile = "compile", Execute = "execute" } }
label! { pub enum Store { Users = "users" } }
label! { pub enum Op { Get = "get" } }
label! { pub enum Phase { Submitted = "submitted", Running = "running", Done = "done" } }

impl State for Phase {
    fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Submitted, Self::Running) | (Self::Running, Self::Done)
        )
    }
}

catalog! { pub mod test, budget 100;
    /// Time in a stage.
    histogram test_stage_duration_seconds { stage: Stage } buckets [0.001, 0.01, 0.1, 1.0];
    /// Requests to a store.
    counter test_store_requests_total { store: Store, op: Op, success: bool };
    /// Time of a request to a store.
    histogram test_store_duration_seconds { store: Store, op: Op } buckets [0.001, 0.01, 0.1];
    /// State transitions of jobs.
    counter test_transitions_total { from: Phase, to: Phase };
}

/// A recorder for one test.
pub(crate) struct Recorded(DebuggingRecorder, Mutex<BTreeMap<String, Vec<f64>>>);

impl Recorded {
    pub(crate) fn new() -> Self {
        Self(DebuggingRecorder::new(), Mutex::default())
    }

    pub(crate) fn during<R>(&self, f: impl FnOnce() -> R) -> R {
        metrics::with_local_recorder(&self.0, f)
    }

    /// For the rest of a test on this thread.
    pub(crate) fn here(&self) -> metrics::LocalRecorderGuard<'_> {
        metrics::set_default_local_recorder(&self.0)
    }

    /// What was recorded since the last look: the series, and how many samples it has.
    pub(crate) fn counts(&self) -> Vec<(String, usize)> {
        let mut counts: Vec<_> = self
            .0
            .snapshotter()
            .snapshot()
            .into_vec()
            .into_iter()
            .map(|(key, _, _, value)| {
                let labels: Vec<_> = key.key().labels().map(|l| l.value().to_owned()).collect();
                let n = match value {
                    DebugValue::Counter(n) => usize::try_from(n).unwrap(),
                    DebugValue::Histogram(samples) => {
                        assert!(
                            samples.iter().all(|s| (0.0..60.0).contains(&s.0)),
                            "{samples:?}"
                        );
                        samples.len()
                    }
                    DebugValue::Gauge(_) => panic!("{key:?} is a gauge"),
                };
                (
                    format!("{} {}", key.key().name(), labels.join(" "))
                        .trim_end()
                        .to_owned(),
                    n,
                )
            })
            .filter(|(_, n)| *n != 0)
            .collect();
        counts.sort();
        counts
    }
}

impl Recorded {
    /// All that was recorded: the series, and what it shows. A look resets what the recorder has, so a
    /// gauge that is set, not raised and lowered, is right at the first look only.
    pub(crate) fn values(&self) -> BTreeMap<String, Vec<f64>> {
        let mut all = self.1.lock().unwrap();
        for (key, _, _, value) in self.0.snapshotter().snapshot().into_vec() {
            let labels: Vec<_> = key.key().labels().map(|l| l.value().to_owned()).collect();
            let name = format!("{} {}", key.key().name(), labels.join(" "));
            let known = all.entry(name.trim_end().to_owned()).or_default();
            match value {
                DebugValue::Histogram(samples) => known.extend(samples.iter().map(|s| s.0)),
                DebugValue::Counter(n) => *known = vec![n as f64 + known.first().unwrap_or(&0.0)],
                DebugValue::Gauge(n) => *known = vec![n.0 + known.first().unwrap_or(&0.0)],
            }
        }
        all.clone()
    }

    /// The one value of a series; 0 if it is not there.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let values = self.values();
        match values.get(series).map(Vec::as_slice) {
            None | Some([]) => 0.0,
            Some([value]) => *value,
            Some(more) => panic!("{series}: {more:?}"),
        }
    }
}

/// One more sample of each of these series.
pub(crate) fn once<const N: usize>(series: [&str; N]) -> Vec<(String, usize)> {
    series.map(|name| (name.to_owned(), 1)).into()
}

/// Polls a future one time.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Task::from_waker(Waker::noop()))
}

/// Writes the ids in scope on each span at its start, as the process's own processor may.
#[derive(Debug)]
struct IdsAtStart;

impl SpanProcessor for IdsAtStart {
    fn on_start(&self, span: &mut Span, _: &Context) {
        let ids = Ids::current();
        for (key, text) in ids.iter() {
            span.set_attribute(KeyValue::new(key.field(), text.to_owned()));
        }
        if let Some(stage) = ids.stage() {
            span.set_attribute(KeyValue::new("stage", stage));
        }
    }

    fn on_end(&self, _: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn exporter() -> &'static InMemorySpanExporter {
    static EXPORTER: OnceLock<InMemorySpanExporter> = OnceLock::new();
    EXPORTER.get_or_init(|| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(IdsAtStart)
            .with_simple_exporter(exporter.clone())
            .build();
        global::set_tracer_provider(provider);
        exporter
    })
}

/// The parent of all spans of one test.
pub(crate) struct Trace {
    pub(crate) parent: SpanContext,
}

impl Trace {
    pub(crate) fn new() -> Self {
        exporter();
        let trace = TraceId::from(next_number());
        let span = SpanId::from(1_u64);
        let parent = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, Default::default());
        Self { parent }
    }

    pub(crate) fn scope(&self) -> Scope {
        let context = Context::new().with_remote_span_context(self.parent.clone());
        Scope::new(context, Ids::empty())
    }

    /// The spans that have ended, in that order.
    pub(crate) fn spans(&self) -> Vec<SpanData> {
        let mut spans = exporter().get_finished_spans().unwrap();
        spans.retain(|span| span.span_context.trace_id() == self.parent.trace_id());
        spans
    }

    /// The spans in other traces that link to this one.
    pub(crate) fn linked(&self) -> Vec<SpanData> {
        let mut spans = exporter().get_finished_spans().unwrap();
        let ours = self.parent.trace_id();
        spans.retain(|span| {
            let mut links = span.links.iter();
            span.span_context.trace_id() != ours
                && links.any(|link| link.span_context.trace_id() == ours)
        });
        spans
    }

    pub(crate) fn span(&self, name: &str) -> SpanData {
        let mut spans = self.spans();
        spans.retain(|span| span.name == name);
        assert_eq!(spans.len(), 1, "{name}: {:?}", self.spans());
        spans.remove(0)
    }
}

/// A number for each test.
fn next_number() -> u128 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|kv| kv.key.as_str() == key)?;
    Some(found.value.to_string())
}
