//! Reading a context from a carrier and writing it to one.

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt, TraceFlags, TraceId},
};

use crate::{
    carrier::{Extract, Inject},
    families::{Reason, rejected},
    traceparent::TraceParent,
    tracestate::{Reader, TraceState},
};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const RANDOM: TraceFlags = TraceFlags::new(0x02);

/// What OpenTelemetry's own types would lose on the way through: the state with its Level 2 keys,
/// and the random flag, which a span that is not sampled drops.
#[derive(Clone, Debug)]
struct Relayed {
    trace_id: TraceId,
    flags: TraceFlags,
    state: Option<TraceState>,
}

/// Reads the caller's trace context into the current one.
///
/// Never fails: whatever is malformed, or doubled, is counted and left out, which means a new trace
/// or a trace without its state.
#[must_use]
pub fn extract(carrier: &impl Extract) -> Context {
    // A share of the current context: while it is borrowed, no carrier or recorder could enter one.
    extract_with_context(&Context::current(), carrier)
}

/// As [`extract`], into a context of the caller's choice.
#[must_use]
pub fn extract_with_context(into: &Context, carrier: &impl Extract) -> Context {
    let Some(parent) = parent(carrier) else {
        return into.clone();
    };
    let state = state(carrier);
    let (trace_id, flags) = (parent.trace_id(), parent.flags());
    // The state travels beside the span context, which could not hold all of it.
    let remote = SpanContext::new(trace_id, parent.span_id(), flags, true, Default::default());
    let cx = into.with_remote_span_context(remote);
    // What an outer scope relays, perhaps under the same trace, is not this caller's.
    let nothing_to_relay = state.is_none() && flags & RANDOM != RANDOM;
    if nothing_to_relay && into.get::<Relayed>().is_none() {
        return cx;
    }
    cx.with_value(Relayed {
        trace_id,
        flags,
        state,
    })
}

fn parent(carrier: &impl Extract) -> Option<TraceParent> {
    let (mut first, mut count) = (None, 0);
    carrier.values(TRACEPARENT, |value| {
        first.get_or_insert(value);
        count += 1;
    });
    let value = first?;
    if 1 < count {
        rejected(Reason::TraceparentRepeated);
        return None;
    }
    let parent = TraceParent::parse(value);
    if parent.is_err() {
        rejected(Reason::TraceparentMalformed);
    }
    parent.ok()
}

fn state(carrier: &impl Extract) -> Option<TraceState> {
    let mut reader = Some(Reader::default());
    carrier.values(TRACESTATE, |value| {
        if reader
            .as_mut()
            .is_some_and(|reader| reader.read(value).is_err())
        {
            reader = None;
        }
    });
    if reader.is_none() {
        rejected(Reason::TracestateMalformed);
    }
    reader?.finish()
}

/// Writes the context's span to a carrier, as the parent of what the far end will do.
///
/// What is not set is removed, so that headers which were copied from another request cannot go on
/// under a trace that they do not belong to.
pub fn inject(cx: &Context, carrier: &mut impl Inject) {
    let span = cx.span();
    let span = span.span_context();
    let Some(parent) = TraceParent::new(span.trace_id(), span.span_id(), span.trace_flags()) else {
        carrier.remove(TRACEPARENT);
        carrier.remove(TRACESTATE);
        return;
    };
    // A context may outlive its trace: what was relayed counts for its own trace only.
    let relayed = cx
        .get::<Relayed>()
        .filter(|relayed| relayed.trace_id == parent.trace_id());
    let random = relayed.map_or(TraceFlags::NOT_SAMPLED, |relayed| relayed.flags & RANDOM);
    TraceParent::new(parent.trace_id(), parent.span_id(), parent.flags() | random)
        .expect("the ids were valid")
        .with_text(|text| carrier.set(TRACEPARENT, text));
    let local;
    let state = match relayed.and_then(|relayed| relayed.state.as_ref()) {
        Some(state) => Some(state),
        None => {
            local = local_state(span);
            local.as_ref()
        }
    };
    match state {
        Some(state) => carrier.set(TRACESTATE, state.as_str()),
        None => carrier.remove(TRACESTATE),
    }
}

/// The state that this process gave the span itself. OpenTelemetry's type holds values that no
/// header may have, such as line breaks, so it is checked as if it came from outside.
fn local_state(span: &SpanContext) -> Option<TraceState> {
    let header = span.trace_state().header();
    TraceState::parse([header.as_bytes()]).ok().flatten()
}
