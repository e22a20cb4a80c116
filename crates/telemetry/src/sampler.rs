//! A sampler that asks who may decide.

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId},
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};
use throughline_context::caller_decides;

/// Follows a span's parent where that may decide, and leaves all else to another sampler.
///
/// As `ParentBased` of OpenTelemetry's SDK, but for callers that arrived under
/// [`Trust::Keep`](throughline_context::Trust::Keep): their sampled flag decides nothing, and the sampler
/// within is asked as for the root of a trace, without a parent. So any sampler may be wrapped, a
/// `ParentBased` included.
///
/// Telemetry's own provider has it. A service with a provider of its own wraps its sampler:
///
/// ```
/// use http::HeaderMap;
/// use opentelemetry::trace::{Span, Tracer, TracerProvider};
/// use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
/// use throughline_context::{Trust, arrive};
/// use throughline_telemetry::TrustBased;
///
/// let sampler = TrustBased::new(Sampler::AlwaysOff);
/// let tracer = SdkTracerProvider::builder().with_sampler(sampler).build().tracer("shop");
/// let mut headers = HeaderMap::new();
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// headers.insert("traceparent", parent.parse().unwrap());
///
/// let records = |trust| {
///     let arrival = arrive(trust, &headers);
///     tracer.start_with_context("served", arrival.parent()).is_recording()
/// };
/// assert!(records(Trust::Mesh), "the caller is ours, and records");
/// assert!(!records(Trust::Keep), "the caller cannot force us");
/// ```
#[derive(Clone, Debug)]
pub struct TrustBased {
    root: Box<dyn ShouldSample>,
}

impl TrustBased {
    /// `root` decides where no parent may.
    #[must_use]
    pub fn new(root: impl Into<Box<dyn ShouldSample>>) -> Self {
        Self { root: root.into() }
    }
}

impl ShouldSample for TrustBased {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let root = |parent| {
            self.root
                .should_sample(parent, trace_id, name, kind, attributes, links)
        };
        let Some(cx) = parent.filter(|cx| cx.has_active_span()) else {
            return root(parent);
        };
        let span = cx.span();
        let span = span.span_context();
        if !span.is_valid() || !caller_decides(cx) {
            return root(None);
        }
        SamplingResult {
            decision: if span.is_sampled() {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: span.trace_state().clone(),
        }
    }
}
