//! The process's tracer provider, and a trace id for each test.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::{
    global,
    trace::{SpanId, TraceId},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use throughline_context::Scope;
use throughline_correlation::Ids;

fn exporter() -> &'static InMemorySpanExporter {
    static EXPORTER: OnceLock<InMemorySpanExporter> = OnceLock::new();
    EXPORTER.get_or_init(|| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        global::set_tracer_provider(provider);
        exporter
    })
}

/// Has the spans of this process recorded from now on.
pub(crate) fn record() {
    exporter();
}

/// The spans of all tests that have ended.
pub(crate) fn all_spans() -> Vec<SpanData> {
    exporter().get_finished_spans().expect("the exporter runs")
}

/// A trace that no other test writes to.
pub(crate) struct Trace {
    pub(crate) id: TraceId,
    /// The span of the caller.
    pub(crate) parent: SpanId,
}

impl Trace {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        exporter();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            id: TraceId::from(0x5eed_0001_0000_0000_0000_0000_0000_0000 | u128::from(number)),
            parent: SpanId::from(0xca11_e400_0000_0000 | number),
        }
    }

    pub(crate) fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.id, self.parent)
    }

    /// Does something as a child of the caller's span.
    pub(crate) async fn around<F: Future>(&self, work: F) -> F::Output {
        let headers = [(
            "traceparent".parse().unwrap(),
            self.traceparent().parse().unwrap(),
        )];
        let context = throughline_context::extract(&http::HeaderMap::from_iter(headers));
        Scope::new(context, Ids::empty()).around(work).await
    }

    /// The spans of this trace that have ended.
    pub(crate) fn spans(&self) -> Vec<SpanData> {
        let mut spans = all_spans();
        spans.retain(|span| span.span_context.trace_id() == self.id);
        spans
    }

    /// The only span of this trace that has ended.
    #[track_caller]
    pub(crate) fn span(&self) -> SpanData {
        let mut spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:?}");
        spans.remove(0)
    }
}

/// The attributes of a span, sorted, as `key=value`.
pub(crate) fn attributes(span: &SpanData) -> Vec<String> {
    let mut attributes: Vec<_> = span
        .attributes
        .iter()
        .map(|attribute| format!("{}={}", attribute.key, attribute.value))
        .collect();
    attributes.sort();
    attributes
}
