//! What OpenTelemetry's own types would lose on the way through a process.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId},
};

use crate::{traceparent::TraceParent, tracestate::TraceState};

pub(crate) const RANDOM: TraceFlags = TraceFlags::new(0x02);

/// The state with its Level 2 keys; the random flag, which a span that is not sampled drops; and the
/// caller's sampled flag where it does not decide here.
#[derive(Clone, Debug)]
struct Relayed {
    trace_id: TraceId,
    caller: SpanId,
    flags: TraceFlags,
    state: Option<TraceState>,
    decides: bool,
}

/// `into` with the caller as its remote span, whose flags are as they came. Where the sampled flag does
/// not decide, the context says so beside it.
pub(crate) fn with_caller(
    into: &Context,
    parent: TraceParent,
    state: Option<TraceState>,
    decides: bool,
) -> Context {
    let (trace_id, caller, flags) = (parent.trace_id(), parent.span_id(), parent.flags());
    // The state travels beside the span context, which could not hold all of it.
    let remote = SpanContext::new(trace_id, caller, flags, true, Default::default());
    let cx = into.with_remote_span_context(remote);
    // What an outer scope relays, perhaps under the same trace, is not this caller's.
    let nothing_to_relay = decides && state.is_none() && flags & RANDOM != RANDOM;
    if nothing_to_relay && into.get::<Relayed>().is_none() {
        return cx;
    }
    cx.with_value(Relayed {
        trace_id,
        caller,
        flags,
        state,
        decides,
    })
}

/// What goes out under the span of a context.
pub(crate) struct Outgoing<'a> {
    pub(crate) parent: TraceParent,
    pub(crate) state: State<'a>,
}

/// A state that is borrowed from the context or made for this call.
pub(crate) enum State<'a> {
    None,
    Relayed(&'a TraceState),
    Local(TraceState),
}

impl State<'_> {
    pub(crate) const fn get(&self) -> Option<&TraceState> {
        match self {
            Self::None => None,
            Self::Relayed(state) => Some(state),
            Self::Local(state) => Some(state),
        }
    }
}

/// Nothing if the context has no valid span.
pub(crate) fn outgoing(cx: &Context) -> Option<Outgoing<'_>> {
    let span = cx.span();
    let span = span.span_context();
    let (trace_id, span_id, flags) = (span.trace_id(), span.span_id(), span.trace_flags());
    // A context may outlive its trace: what was relayed counts for its own trace only.
    let relayed = cx
        .get::<Relayed>()
        .filter(|relayed| relayed.trace_id == trace_id);
    let callers = relayed.map_or(TraceFlags::NOT_SAMPLED, |relayed| {
        if relayed.decides {
            relayed.flags & RANDOM
        } else {
            relayed.flags
        }
    });
    let state = match relayed.and_then(|relayed| relayed.state.as_ref()) {
        Some(state) => State::Relayed(state),
        None => local_state(span).map_or(State::None, State::Local),
    };
    Some(Outgoing {
        parent: TraceParent::new(trace_id, span_id, flags | callers)?,
        state,
    })
}

/// The state that this process gave the span itself. OpenTelemetry's type holds values that no
/// header may have, such as line breaks, so it is checked as if it came from outside.
pub(crate) fn local_state(span: &SpanContext) -> Option<TraceState> {
    if *span.trace_state() == opentelemetry::trace::TraceState::NONE {
        return None;
    }
    let header = span.trace_state().header();
    TraceState::parse([header.as_bytes()]).ok().flatten()
}

/// Whether a sampler may follow the sampled flag of the span in `parent`.
///
/// It may not where that span is a caller's that arrived under [`Trust::Keep`](crate::Trust::Keep): the
/// flag is as it came, and who follows it lets anybody outside make us record. A sampler that asks
/// decides as for a root span instead, by the trace id, and all services of a trace with the same share
/// agree. The samplers of OpenTelemetry's SDK do not ask; `TrustBased` of `throughline-telemetry` asks for
/// them.
///
/// ```
/// use http::HeaderMap;
/// use opentelemetry::{Context, trace::TraceContextExt};
/// use throughline_context::{Trust, arrive, caller_decides};
///
/// /// `should_sample` of a sampler that honours callers that are ours.
/// fn should_sample(parent: Option<&Context>, root_decides: impl Fn() -> bool) -> bool {
///     match parent {
///         Some(cx) if cx.has_active_span() && caller_decides(cx) => {
///             cx.span().span_context().is_sampled()
///         }
///         _ => root_decides(),
///     }
/// }
///
/// let mut headers = HeaderMap::new();
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// headers.insert("traceparent", parent.parse().unwrap());
/// let ours = arrive(Trust::Mesh, &headers);
/// assert!(should_sample(Some(ours.parent()), || false));
/// let anybody = arrive(Trust::Keep, &headers);
/// assert!(!should_sample(Some(anybody.parent()), || false));
/// assert!(should_sample(Some(anybody.parent()), || true));
/// ```
#[must_use]
pub fn caller_decides(parent: &Context) -> bool {
    let Some(relayed) = parent.get::<Relayed>() else {
        return true;
    };
    let span = parent.span();
    let span = span.span_context();
    let is_the_caller =
        span.is_remote() && span.trace_id() == relayed.trace_id && span.span_id() == relayed.caller;
    relayed.decides || !is_the_caller
}
