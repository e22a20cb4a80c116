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

/// The tracer of a layer, from the process's global provider.
///
/// A tracer that was taken before the provider is set does nothing for ever, so one is kept only once
/// it has made a span; until then each span asks for another. One that makes no spans any more,
/// because its provider has been shut down, is never used again: whatever provider comes after it is
/// asked each time. A provider that takes the place of one that still works is not noticed.
///
/// To take a tracer for each span instead costs two allocations and some 300 instructions.
///
/// A clone begins anew.
///
/// ```
/// use opentelemetry::{
///     Context, global,
///     trace::{Span, SpanBuilder},
/// };
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use throughline_context::Tracers;
///
/// static TRACERS: Tracers = Tracers::new("shop");
///
/// let build = || TRACERS.build(&Context::new(), || SpanBuilder::from_name("sale"));
/// assert!(!build().is_recording());
/// global::set_tracer_provider(SdkTracerProvider::builder().build());
/// assert!(build().is_recording(), "the provider came later, and is found all the same");
/// ```
#[derive(Debug)]
pub struct Tracers {
    scope: &'static str,
    kept: OnceLock<BoxedTracer>,
    is_over: AtomicBool,
}

impl Tracers {
    /// Of this instrumentation scope.
    #[must_use]
    pub const fn new(scope: &'static str) -> Self {
        Self {
            scope,
            kept: OnceLock::new(),
            is_over: AtomicBool::new(false),
        }
    }

    /// Builds the span that `make` describes; `make` may be asked twice.
    ///
    /// Without a provider it is a span that nobody records.
    pub fn build(&self, parent: &Context, make: impl Fn() -> SpanBuilder) -> BoxedSpan {
        self.made(parent, make).0
    }

    /// As [`build`](Self::build); nothing if there is no provider that makes spans, or telemetry is
    /// suppressed in `parent`.
    pub fn open(&self, parent: &Context, make: impl Fn() -> SpanBuilder) -> Option<BoxedSpan> {
        if parent.is_telemetry_suppressed() {
            return None;
        }
        let (span, is_new) = self.made(parent, make);
        is_new.then_some(span)
    }

    /// The span, and whether a provider has made it.
    fn made(&self, parent: &Context, make: impl Fn() -> SpanBuilder) -> (BoxedSpan, bool) {
        let is_over = self.is_over.load(Ordering::Relaxed);
        if let Some(tracer) = self.kept.get()
            && !is_over
        {
            let span = tracer.build_with_context(make(), parent);
            let is_made = is_new(&span, parent);
            // Where telemetry is suppressed no tracer makes any.
            if is_made || parent.is_telemetry_suppressed() {
                return (span, is_made);
            }
            self.is_over.store(true, Ordering::Relaxed);
        }
        let tracer = global::tracer(self.scope);
        let span = tracer.build_with_context(make(), parent);
        let is_made = is_new(&span, parent);
        if is_made {
            // If another thread was first, its tracer is as good.
            let _ = self.kept.set(tracer);
        }
        (span, is_made)
    }
}

impl Clone for Tracers {
    fn clone(&self) -> Self {
        Self::new(self.scope)
    }
}

/// Whether a provider has made the span. The no-op's is its parent once more, or none at all.
fn is_new(span: &BoxedSpan, parent: &Context) -> bool {
    let made = span.span_context();
    made.is_valid() && made.span_id() != parent.span().span_context().span_id()
}
