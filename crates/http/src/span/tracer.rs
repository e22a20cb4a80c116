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

/// The tracer of one service.
///
/// A tracer that was taken before the provider is set does nothing for ever, so one is kept only once
/// it has made a span; until then each request asks for another. One that makes no spans any more,
/// because its provider has been shut down, is never used again: whatever provider comes after it is
/// asked each time.
#[derive(Debug, Default)]
pub(crate) struct Tracers {
    kept: OnceLock<BoxedTracer>,
    is_over: AtomicBool,
}

impl Tracers {
    /// Builds the span that `make` describes; `make` may be asked twice.
    pub(crate) fn build(&self, parent: &Context, make: impl Fn() -> SpanBuilder) -> BoxedSpan {
        let is_over = self.is_over.load(Ordering::Relaxed);
        if let Some(tracer) = self.kept.get()
            && !is_over
        {
            let span = tracer.build_with_context(make(), parent);
            // Where telemetry is suppressed no tracer makes any.
            if is_new(&span, parent) || parent.is_telemetry_suppressed() {
                return span;
            }
            self.is_over.store(true, Ordering::Relaxed);
        }
        let tracer = global::tracer("throughline-http");
        let span = tracer.build_with_context(make(), parent);
        if is_new(&span, parent) {
            // If another thread was first, its tracer is as good.
            let _ = self.kept.set(tracer);
        }
        span
    }
}

/// Whether a provider has made the span. The no-op's is its parent once more, or none at all.
fn is_new(span: &BoxedSpan, parent: &Context) -> bool {
    let made = span.span_context();
    made.is_valid() && made.span_id() != parent.span().span_context().span_id()
}
