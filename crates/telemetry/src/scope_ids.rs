//! The ids in scope on every span.

use std::time::Duration;

use opentelemetry::{Context, KeyValue, trace::Span as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use throughline_correlation::Ids;

/// Writes the ids that are in scope when a span starts on it, as `request_id`, `job_id` and so on, and
/// leaves all else to the processor within.
///
/// So every recorded span has them, those of `#[tracing::instrument]` and of other libraries included.
/// Telemetry's own provider has it. A service with a provider of its own wraps its processor, instead of
/// adding a second one: with two, the SDK copies every span for each.
///
/// ```
/// use opentelemetry::trace::{Tracer, TracerProvider};
/// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SimpleSpanProcessor};
/// use throughline_correlation::{Ids, JobId};
/// use throughline_telemetry::ScopeIds;
///
/// let exporter = InMemorySpanExporter::default();
/// let provider = SdkTracerProvider::builder()
///     .with_span_processor(ScopeIds::new(SimpleSpanProcessor::new(exporter.clone())))
///     .build();
/// let ids = Ids::empty().with(&JobId::parse("j-1").unwrap());
/// ids.run(|| provider.tracer("shop").in_span("work", |_| ()));
/// let span = exporter.get_finished_spans().unwrap().remove(0);
/// assert_eq!(span.attributes[0].key.as_str(), "job_id");
/// assert_eq!(span.attributes[0].value.as_str(), "j-1");
/// ```
#[derive(Debug)]
pub struct ScopeIds<P> {
    inner: P,
}

impl<P> ScopeIds<P> {
    /// In front of `inner`.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner }
    }
}

impl<P: SpanProcessor> SpanProcessor for ScopeIds<P> {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        for (key, id) in Ids::current().iter() {
            span.set_attribute(KeyValue::new(key.field(), id.to_owned()));
        }
        self.inner.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        self.inner.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
