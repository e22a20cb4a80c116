//! Reading.

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use throughline_correlation::{Ids, Key, families as ids};

use super::{Format, Propagator};
use crate::{
    baggage::{self, BaggageRule},
    carrier::Extract,
    families::{self, Reason, rejected},
    name::BAGGAGE,
    relayed::{self, Flags, How, local_state, with_caller},
    scope::Scope,
    trace_context::{Headers, Sent, TraceContext},
    traceparent::TraceParent,
    trust::{Arrival, Trust},
};

impl Propagator {
    /// Reads what the caller sent into the current context, trusting it in all.
    ///
    /// Never fails: whatever is malformed, or doubled, is counted and left out, which means a new trace
    /// or a trace without its state. Servers take [`Propagator::arrive`], which asks whom to trust.
    #[must_use]
    pub fn extract(&self, carrier: &impl Extract) -> Context {
        // A share of the current context: while it is borrowed, no carrier or recorder could enter one.
        self.extract_with_context(&Context::current(), carrier)
    }

    /// As [`Propagator::extract`], into a context of the caller's choice.
    #[must_use]
    pub fn extract_with_context(&self, into: &Context, carrier: &impl Extract) -> Context {
        self.read(into, carrier, How::InAll).0
    }

    /// Reads what the caller sent, as far as it is trusted, into the current context.
    #[must_use]
    pub fn arrive(&self, trust: Trust, carrier: &impl Extract) -> Arrival {
        let current = Context::current();
        let under = |how| {
            let (parent, flags) = self.read(&current, carrier, how);
            Arrival::under(parent, flags)
        };
        match trust {
            Trust::Mesh => under(How::Mesh),
            Trust::Keep => under(How::Keep),
            Trust::Edge => {
                let caller = self.trace(&Context::new(), carrier).1;
                Arrival::linked(current, caller.map(|caller| link(caller.parent())))
            }
        }
    }

    /// As [`Propagator::arrive`], for a layer that opens a span at once: reads what the caller sent, has
    /// `open` open the span, and returns the scope to serve in, of the context that `open` returned and
    /// the ids that are in scope now.
    ///
    /// `open` is given the parent, and the span to link to where that of the caller is no parent. A
    /// sampler that asks [`caller_decides`](crate::caller_decides) while `open` runs is told as by the
    /// parent of an [`Arrival`]; what costs that parent its mark, which every copy of it has, is saved.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
    /// use opentelemetry_sdk::trace::SdkTracerProvider;
    /// use throughline_context::{Propagator, Trust, caller_decides};
    ///
    /// let tracer = SdkTracerProvider::builder().build().tracer("shop");
    /// let mut headers = HeaderMap::new();
    /// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// headers.insert("traceparent", parent.parse().unwrap());
    ///
    /// let scope = Propagator::global().arrive_with_span(Trust::Keep, &headers, |parent, _link| {
    ///     assert!(!caller_decides(parent), "what a sampler is told");
    ///     parent.with_span(tracer.start_with_context("served", parent))
    /// });
    /// let span = scope.context().span().span_context().clone();
    /// assert_eq!(span.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    /// assert!(!span.is_remote());
    /// ```
    #[must_use]
    pub fn arrive_with_span(
        &self,
        trust: Trust,
        carrier: &impl Extract,
        open: impl FnOnce(&Context, Option<&SpanContext>) -> Context,
    ) -> Scope {
        if trust != Trust::Keep {
            let arrival = self.arrive(trust, carrier);
            let opened = open(arrival.parent(), arrival.link());
            return arrival.into_parts().0.with_context(opened);
        }
        let (parent, flags) = self.read(&Context::current(), carrier, How::Opening);
        let opened = relayed::undecided_while(&parent, flags, || open(&parent, None));
        Scope::new(opened, Ids::current()).of_caller(flags)
    }

    /// Reads a scope: the context, and the ids that this propagator carries.
    ///
    /// An id that is malformed or repeated is counted and left out. Nothing else is in the scope:
    /// ids that are in scope around the call stay there.
    #[must_use]
    pub fn extract_scope(&self, carrier: &impl Extract) -> Scope {
        Scope::new(self.extract(carrier), self.extract_ids(carrier))
    }

    /// Reads the ids that this propagator carries, and nothing else.
    ///
    /// An id that is malformed or repeated is counted and left out.
    #[must_use]
    pub fn extract_ids(&self, carrier: &impl Extract) -> Ids {
        ids_of(carrier, self.keys())
    }

    /// The context under the caller's, and the flags to be kept of it.
    #[inline(always)]
    fn read(&self, into: &Context, carrier: &impl Extract, how: How) -> (Context, Flags) {
        let (beside, caller) = self.trace(into, carrier);
        let into = beside.as_ref().unwrap_or(into);
        let (cx, flags) = match caller {
            Some(caller) => {
                let (parent, state) = caller.into_parts();
                let flags = Flags::of(&parent, how);
                (with_caller(into, parent, (flags, state), how), flags)
            }
            None => (into.clone(), Flags::NONE),
        };
        if self.accept_baggage.is_none() {
            return (cx, flags);
        }
        (with_baggage(cx, carrier, &self.accept_baggage), flags)
    }

    /// The caller's trace; and where another propagator found it, the context that it made.
    #[inline(always)]
    fn trace(
        &self,
        into: &Context,
        carrier: &impl Extract,
    ) -> (Option<Context>, Option<TraceContext>) {
        let headers = Headers::find(carrier);
        if self.accept.has(Format::W3c) {
            match headers.w3c(carrier) {
                Sent::Valid(trace) => return (None, Some(trace)),
                // Who sends W3C means it: another format beside it may be a copy of an older request.
                Sent::Refused => return (None, None),
                Sent::Nothing => {}
            }
        }
        if self.accept.has(Format::GrpcTraceBin) {
            match headers.binary() {
                Sent::Valid(trace) => return (None, Some(trace)),
                Sent::Refused => return (None, None),
                Sent::Nothing => {}
            }
        }
        self.trace_of_others(into, carrier)
    }

    #[cold]
    fn trace_of_others(
        &self,
        into: &Context,
        carrier: &impl Extract,
    ) -> (Option<Context>, Option<TraceContext>) {
        let mut beside = None;
        for foreign in self.foreign() {
            let cx = foreign.extract(beside.as_ref().unwrap_or(into), carrier);
            let span = cx.span();
            let span = span.span_context();
            let found = span.is_remote() && span != into.span().span_context();
            let parent = TraceParent::new(span.trace_id(), span.span_id(), span.trace_flags());
            let caller = parent
                .filter(|_| found)
                .map(|parent| TraceContext::new(parent, local_state(span)));
            if caller.is_some() {
                return (Some(cx), caller);
            }
            beside = Some(cx);
        }
        (beside, None)
    }
}

/// The caller as what a new trace links to. Its sampled flag is off, because there are samplers that
/// follow links.
fn link(caller: &TraceParent) -> SpanContext {
    let flags = caller.flags().with_sampled(false);
    SpanContext::new(
        caller.trace_id(),
        caller.span_id(),
        flags,
        true,
        Default::default(),
    )
}

fn with_baggage(cx: Context, carrier: &impl Extract, rule: &BaggageRule) -> Context {
    let mut reader = baggage::Reader::default();
    carrier.values(BAGGAGE, |value| reader.read(value, |key| rule.allows(key)));
    let (list, refused) = reader.finish();
    for (is, reason) in [
        (refused.malformed, Reason::BaggageMalformed),
        (refused.too_many, Reason::BaggageTooMany),
        (refused.too_long, Reason::BaggageTooLong),
    ] {
        if is {
            rejected(reason);
        }
    }
    if list.is_empty() {
        cx
    } else {
        baggage::with_list(&cx, list)
    }
}

/// The ids of these kinds; one that is malformed or repeated is counted and left out.
pub(crate) fn ids_of(carrier: &impl Extract, keys: impl IntoIterator<Item = Key>) -> Ids {
    let sent_once = |key: &Key| {
        let mut count = 0;
        carrier.values(key.header(), |_| count += 1);
        if 1 < count {
            families::id_rejected(*key, ids::Reason::Repeated);
        }
        count == 1
    };
    Ids::from_lookup(
        keys.into_iter().filter(sent_once),
        |name| carrier.only(name),
        |key, why| families::id_rejected(key, why.into()),
    )
}
