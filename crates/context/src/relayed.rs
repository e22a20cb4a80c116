//! What OpenTelemetry's own types would lose on the way through a process.

use std::{cell::Cell, sync::LazyLock};

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState as OtelState},
};

use crate::{traceparent::TraceParent, tracestate::TraceState};

pub(crate) const RANDOM: TraceFlags = TraceFlags::new(0x02);

/// The state with its Level 2 keys; and the flags that go on as they came where this process does not
/// record.
#[derive(Clone, Debug)]
struct Relayed {
    flags: Flags,
    state: Option<TraceState>,
}

/// What a span that no sampler records does not keep of its caller's flags: the random flag, and the
/// sampled flag of a caller that does not decide here. It counts for its own trace only, because a
/// context may outlive its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    trace_id: TraceId,
    flags: TraceFlags,
}

/// How a caller's context is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Its flags decide, and are kept in the context alone.
    InAll,
    /// Its flags decide.
    Mesh,
    /// They do not, and the context says so.
    Keep,
    /// They do not, and a span is opened under it at once.
    Opening,
}

impl How {
    const fn decides(self) -> bool {
        matches!(self, Self::InAll | Self::Mesh)
    }
}

impl Flags {
    pub(crate) const NONE: Self = Self {
        trace_id: TraceId::INVALID,
        flags: TraceFlags::NOT_SAMPLED,
    };

    pub(crate) fn of(parent: &TraceParent, how: How) -> Self {
        let flags = parent.flags();
        Self {
            trace_id: parent.trace_id(),
            flags: if how.decides() { flags & RANDOM } else { flags },
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(self) -> bool {
        self.flags == TraceFlags::NOT_SAMPLED
    }

    pub(crate) const fn new(trace_id: TraceId, flags: TraceFlags) -> Self {
        Self { trace_id, flags }
    }

    /// Those that count for this trace.
    pub(crate) fn within(self, trace_id: TraceId) -> Option<TraceFlags> {
        (self.trace_id == trace_id).then_some(self.flags)
    }
}

thread_local! {
    /// Those of the request at hand. Beside the context and not in it: a value in there takes three
    /// allocations, and nearly every request would need one.
    static AT_HAND: Cell<Flags> = const { Cell::new(Flags::NONE) };
}

/// Puts `flags` in the thread's place and returns what was there.
#[inline]
pub(crate) fn replace(flags: Flags) -> Flags {
    AT_HAND.replace(flags)
}

/// The flags of the request at hand.
#[inline]
pub(crate) fn at_hand() -> Flags {
    AT_HAND.get()
}

/// `into` with the caller as its remote span, whose flags are as they came, and marked where they do not
/// decide. What a scope will keep of them need not be in the context as well.
pub(crate) fn with_caller(
    into: &Context,
    parent: TraceParent,
    (flags, state): (Flags, Option<TraceState>),
    how: How,
) -> Context {
    let mark = match how {
        How::Keep => MARK.clone(),
        How::InAll | How::Mesh | How::Opening => OtelState::NONE,
    };
    // The state travels beside the span context, which could not hold all of it.
    let remote = SpanContext::new(
        parent.trace_id(),
        parent.span_id(),
        parent.flags(),
        true,
        mark,
    );
    let cx = into.with_remote_span_context(remote);
    let is_lost = !flags.is_empty() && how == How::InAll;
    // What an outer scope relays, perhaps under the same trace, is not this caller's.
    if state.is_none() && !is_lost && into.get::<Relayed>().is_none() {
        return cx;
    }
    cx.with_value(Relayed { flags, state })
}

/// The mark of a caller that does not decide: a list of OpenTelemetry's type that is there and empty. On the
/// wire, in exports and to whoever reads it, it is as good as none, and it costs no allocation.
static MARK: LazyLock<OtelState> = LazyLock::new(|| {
    let one = OtelState::from_key_value([("a", "a")]).expect("key and value are valid");
    one.delete("a").expect("the key is there")
});

thread_local! {
    /// The caller's span under which one is being opened, if the caller does not decide. Beside the
    /// context, because the mark would go on into every copy that is made of the new span's.
    static OPENING: Cell<SpanId> = const { Cell::new(SpanId::INVALID) };
}

/// Has `open` open a span under the caller's in `parent`, if there is one, which does not decide
/// meanwhile.
pub(crate) fn undecided_while(
    parent: &Context,
    flags: Flags,
    open: impl FnOnce() -> Context,
) -> Context {
    struct Before(SpanId);
    impl Drop for Before {
        fn drop(&mut self) {
            OPENING.set(self.0);
        }
    }

    if flags == Flags::NONE {
        return open();
    }
    let caller = parent.span().span_context().span_id();
    let opened = {
        let _before = Before(OPENING.replace(caller));
        open()
    };
    let span = opened.span();
    let span = span.span_context();
    if !span.is_remote() {
        return opened;
    }
    // Nobody has opened one: the caller's stays active, and somebody may open one under it yet.
    let (trace_id, span_id) = (span.trace_id(), span.span_id());
    let marked = SpanContext::new(trace_id, span_id, span.trace_flags(), true, MARK.clone());
    opened.with_remote_span_context(marked)
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
    let relayed = cx.get::<Relayed>();
    let in_context = relayed.and_then(|relayed| relayed.flags.within(trace_id));
    let callers = in_context.or_else(|| at_hand().within(trace_id));
    let state = match relayed.and_then(|relayed| relayed.state.as_ref()) {
        Some(state) if in_context.is_some() => State::Relayed(state),
        _ => local_state(span).map_or(State::None, State::Local),
    };
    Some(Outgoing {
        parent: TraceParent::new(trace_id, span_id, flags | callers.unwrap_or_default())?,
        state,
    })
}

/// The state that this process gave the span itself. OpenTelemetry's type holds values that no
/// header may have, such as line breaks, so it is checked as if it came from outside.
pub(crate) fn local_state(span: &SpanContext) -> Option<TraceState> {
    if *span.trace_state() == OtelState::NONE {
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
    let span = parent.span();
    let span = span.span_context();
    let is_undecided = || {
        let opening = OPENING.get();
        *span.trace_state() == *MARK || span.is_valid() && span.span_id() == opening
    };
    !span.is_remote() || !is_undecided()
}
