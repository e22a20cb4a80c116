//! The tracer: taken late, and then kept for as long as it makes spans.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use opentelemetry::{
    Context,
    global::{self, BoxedSpan, BoxedTracer},
    trace::{Span, SpanBuilder, TraceContextExt, Tracer},
};

static KEPT: OnceLock<BoxedTracer> = OnceLock::new();
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Builds the span that `make` describes; `make` may be asked twice. Nothing if there is no provider
/// that makes spans.
///
/// A tracer that was taken before the provider is set does nothing for ever, so one is kept only once
/// it has made a span; until then each span asks for another. One that makes none any more, because
/// its provider has been shut down, is never used again.
pub(crate) fn build(parent: &Context, make: impl Fn() -> SpanBuilder) -> Option<BoxedSpan> {
    if parent.is_telemetry_suppressed() {
        return None;
    }
    if let Some(tracer) = KEPT.get()
        && !IS_OVER.load(Ordering::Relaxed)
    {
        let span = tracer.build_with_context(make(), parent);
        if is_new(&span, parent) {
            return Some(span);
        }
        IS_OVER.store(true, Ordering::Relaxed);
    }
    let tracer = global::tracer("throughline-job");
    let span = tracer.build_with_context(make(), parent);
    if !is_new(&span, parent) {
        return None;
    }
    // If another thread was first, its tracer is as good.
    let _ = KEPT.set(tracer);
    Some(span)
}

/// Whether a provider has made the span. The no-op's is its parent once more, or none at all.
fn is_new(span: &BoxedSpan, parent: &Context) -> bool {
    let made = span.span_context();
    made.is_valid() && made.span_id() != parent.span().span_context().span_id()
}
