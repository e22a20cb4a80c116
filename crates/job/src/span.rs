//! Spans inside a process.

use std::borrow::Cow;

use opentelemetry::{
    Context, global,
    trace::{SpanKind, Status, TraceContextExt, Tracer},
};
use throughline_context::Scope;
use throughline_correlation::Ids;

/// Opens a span under the current one and returns the scope in which it is active.
///
/// The ids are in scope when the span starts, so that a span processor finds them.
pub(crate) fn open(name: impl Into<Cow<'static, str>>, kind: SpanKind, ids: Ids) -> Scope {
    // Taken late: a tracer that was taken before the provider is set does nothing for ever.
    let tracer = global::tracer("throughline-job");
    let parent = Context::current();
    let builder = tracer.span_builder(name).with_kind(kind);
    let span = ids
        .clone()
        .run(|| tracer.build_with_context(builder, &parent));
    Scope::new(parent.with_span(span), ids)
}

/// How the work in a span ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Ok,
    Failed,
    /// Its future was dropped, or panicked.
    Abandoned,
}

/// Ends the span of `scope`.
pub(crate) fn close(scope: &Scope, ending: Ending) {
    let span = scope.context().span();
    if ending != Ending::Ok && span.is_recording() {
        span.set_status(Status::error(""));
    }
    span.end();
}
