//! Writing.

use opentelemetry::Context;
use throughline_correlation::Ids;

use super::{Format, Propagator};
use crate::{
    baggage,
    carrier::Inject,
    families::{LeftOut, left_out},
    name::{BAGGAGE, GRPC_TRACE_BIN, TRACEPARENT, TRACESTATE},
    relayed::outgoing,
    scope::Scope,
    tracestate::TraceState,
};

/// What HTTP/2 counts for a field beside its name and value: RFC 9113, section 6.5.2.
const PER_FIELD: usize = 32;

/// Both forms of a parent.
pub(super) const LEAST_BUDGET: usize =
    TRACEPARENT.len() + 55 + PER_FIELD + GRPC_TRACE_BIN.len() + 39 + PER_FIELD;

/// The bytes that are left.
pub(super) struct Room(usize);

impl Room {
    /// Takes what a field needs; says whether it was there.
    pub(super) const fn take(&mut self, name: &str, value: &str) -> bool {
        match self.0.checked_sub(name.len() + value.len() + PER_FIELD) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }

    /// The bytes that the value of this field may have.
    const fn for_value_of(&self, name: &str) -> usize {
        self.0.saturating_sub(name.len() + PER_FIELD)
    }
}

impl Propagator {
    /// Writes the context to a carrier: its span as the parent of what the far end will do, and the
    /// baggage that may cross.
    ///
    /// What is not set is removed, so that headers which were copied from another request cannot go on
    /// under a trace that they do not belong to.
    pub fn inject(&self, cx: &Context, carrier: &mut impl Inject) {
        self.write(cx, None, carrier);
    }

    /// Writes a scope to a carrier: the context, and every id that this propagator carries.
    ///
    /// An id that is not in the scope is left as the carrier has it.
    pub fn inject_scope(&self, scope: &Scope, carrier: &mut impl Inject) {
        self.write(scope.context(), Some(scope.ids()), carrier);
    }

    #[inline]
    fn write(&self, cx: &Context, ids: Option<&Ids>, carrier: &mut impl Inject) {
        let mut room = Room(self.budget);
        let outgoing = outgoing(cx);
        let parent = outgoing.as_ref().map(|outgoing| outgoing.parent);
        carrier.remove_all(&[TRACESTATE, BAGGAGE, GRPC_TRACE_BIN]);
        match parent.filter(|_| self.send.has(Format::W3c)) {
            Some(parent) => parent.with_text(|text| {
                room.take(TRACEPARENT, text);
                carrier.set(TRACEPARENT, text);
            }),
            None => carrier.remove(TRACEPARENT),
        }
        if let Some(parent) = parent.filter(|_| self.send.has(Format::GrpcTraceBin)) {
            parent.with_binary_text(|text| {
                room.take(GRPC_TRACE_BIN, text);
                carrier.set(GRPC_TRACE_BIN, text);
            });
        }
        if let Some(ids) = ids {
            self.write_ids(ids, carrier, &mut room);
        }
        for foreign in self.foreign() {
            foreign.inject(cx, carrier, &mut room);
        }
        let state = outgoing.as_ref().and_then(|outgoing| outgoing.state.get());
        if let Some(state) = state.filter(|_| self.send.has(Format::W3c)) {
            write_state(state, carrier, &mut room);
        }
        if let Some(list) = baggage::write(cx, &self.send_baggage, room.for_value_of(BAGGAGE)) {
            carrier.set(BAGGAGE, &list);
        }
    }

    fn write_ids(&self, ids: &Ids, carrier: &mut impl Inject, room: &mut Room) {
        for (key, text) in ids.iter().filter(|(key, _)| self.carries(*key)) {
            if room.take(key.header(), text) {
                carrier.set(key.header(), text);
            } else {
                carrier.remove(key.header());
                left_out(LeftOut::IdBudget);
            }
        }
    }
}

fn write_state(state: &TraceState, carrier: &mut impl Inject, room: &mut Room) {
    if room.take(TRACESTATE, state.as_str()) {
        return carrier.set(TRACESTATE, state.as_str());
    }
    left_out(LeftOut::TracestateBudget);
    if let Some(state) = state.within(room.for_value_of(TRACESTATE)) {
        room.take(TRACESTATE, &state);
        carrier.set(TRACESTATE, &state);
    }
}
