//! A new span as the active one, whatever became of it.

use opentelemetry::{
    Context,
    trace::{Span, TraceContextExt},
};

/// `parent` with this span as the active one, which is meant to be the child of the one that is active
/// there.
///
/// As `Context::with_span`, but the trace goes on in any case. A provider that has been shut down, or a
/// context in which telemetry is suppressed, makes a span without ids: under that one the parent's trace
/// would end. Its place is then taken by the parent's ids, with nothing that anybody could write to.
///
/// ```
/// use http::HeaderMap;
/// use opentelemetry::trace::{TraceContextExt, noop::NoopSpan};
/// use throughline_context::{activate, extract};
///
/// let mut headers = HeaderMap::new();
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// headers.insert("traceparent", parent.parse().unwrap());
/// let caller = extract(&headers);
/// let cx = activate(&caller, NoopSpan::DEFAULT);
/// assert_eq!(cx.span().span_context(), caller.span().span_context());
/// ```
#[must_use]
pub fn activate<S>(parent: &Context, span: S) -> Context
where
    S: Span + Send + Sync + 'static,
{
    if span.span_context().is_valid() || !parent.has_active_span() {
        return parent.with_span(span);
    }
    // Not the parent's span itself: whoever opened this one is going to end it.
    parent.with_remote_span_context(parent.span().span_context().clone())
}
