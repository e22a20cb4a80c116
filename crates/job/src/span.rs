//! Spans inside a process.

use std::time::SystemTime;

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, Status, TraceContextExt},
};
use throughline_context::{Concern, Scope, Switch, Tracers};
use throughline_correlation::Ids;

use crate::{conventions::ERROR_TYPE, ending::Ending};

static TRACERS: Tracers = Tracers::new("throughline-job");

/// Whether the switch lets helpers do more than run the work.
#[inline]
pub(crate) fn helps() -> bool {
    Switch::global().is_on(Concern::Jobs)
}

/// Whether the switch lets helpers open spans.
#[inline]
pub(crate) fn are_on() -> bool {
    let switch = Switch::global();
    switch.is_on(Concern::Spans) && switch.is_on(Concern::Jobs)
}

/// Whether the switch lets helpers count and time.
#[inline]
pub(crate) fn counts() -> bool {
    let switch = Switch::global();
    switch.is_on(Concern::Metrics) && switch.is_on(Concern::Jobs)
}

/// Put in a context by who chose to have no spans of its own: what is inside opens none either, until
/// somebody does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Untraced(pub(crate) bool);

fn is_untraced(cx: &Context) -> bool {
    cx.get::<Untraced>().is_some_and(|untraced| untraced.0)
}

/// Whether a part of some work gets a span of its own, where [`helps`]: it is part of a trace, and that
/// is recorded, or nobody here can tell. What is part of no trace begins none.
#[inline]
pub(crate) fn is_wanted() -> bool {
    Switch::global().is_on(Concern::Spans)
        && Context::map_current(TraceContextExt::has_active_span)
        && is_wanted_in_trace()
}

#[inline(never)]
fn is_wanted_in_trace() -> bool {
    Context::map_current(|cx| {
        if is_untraced(cx) {
            return false;
        }
        let span = cx.span();
        // A span that has ended records no more, and work that outlives it is still its child.
        span.is_recording() || span.span_context().is_sampled() || span.span_context().is_remote()
    })
}

/// Opens the span that `make` describes under `parent` and returns the context in which it is active;
/// nothing if nobody makes spans.
///
/// The ids are in scope when the span starts, so that a span processor finds them.
pub(crate) fn open(parent: &Context, ids: &Ids, make: impl Fn() -> SpanBuilder) -> Option<Context> {
    let _ids = ids.clone().enter();
    let span = TRACERS.open(parent, make)?;
    let cx = parent.with_span(span);
    Some(if is_untraced(&cx) {
        cx.with_value(Untraced(false))
    } else {
        cx
    })
}

/// Ends the span of `scope`. A panic is told apart from an error by `error.type`.
pub(crate) fn close(scope: &Scope, ending: Ending, at: SystemTime) {
    let span = scope.context().span();
    if span.is_recording() {
        if !ending.is_ok() {
            span.set_status(Status::error(""));
        }
        if matches!(ending, Ending::Cancelled | Ending::Panicked) {
            span.set_attribute(KeyValue::new(ERROR_TYPE, ending.as_str()));
        }
        span.end_with_timestamp(at);
    }
}
