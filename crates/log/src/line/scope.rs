//! The ids of the work at hand, without being told.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::{Context, trace::TraceContextExt};
use throughline_correlation::Ids;

use super::{
    escape::{Limit, quote},
    scratch::Scratch,
};
use crate::schema::Plan;

/// The ids of the active span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TraceIds {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
}

impl TraceIds {
    /// `target` is that of the event. OpenTelemetry's own events may come while it holds the context,
    /// so nobody looks at it then.
    pub(crate) fn current(scratch: &Scratch, target: &str) -> Option<Self> {
        if !scratch.thread_lives || target.starts_with("opentelemetry") {
            return None;
        }
        // The context of a thread that is being torn down panics; a log line is not worth that.
        catch_unwind(AssertUnwindSafe(|| Context::map_current(Self::of)))
            .ok()
            .flatten()
    }

    fn of(context: &Context) -> Option<Self> {
        if !context.has_active_span() {
            return None;
        }
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| Self {
            trace: span.trace_id().to_bytes(),
            span: span.span_id().to_bytes(),
        })
    }
}

/// Takes the ids in scope, and the stage, where the event has none of its own.
pub(crate) fn take_scope(plan: &Plan, scratch: &mut Scratch) {
    Ids::with_current(|ids| {
        if ids.is_empty() {
            return;
        }
        let texts = plan.ids.iter().map(|&(key, slot)| (slot, ids.text(key)));
        for (slot, text) in texts.chain([(plan.stage, ids.stage())]) {
            if let Some(text) = text {
                let limit = Limit::of(plan.rules[slot].cap());
                scratch.set_if_empty(slot, |out| quote(out, text, limit));
            }
        }
    });
}
