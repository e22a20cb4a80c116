//! What this crate counts about itself.

use throughline_catalog::{catalog, label};
use throughline_correlation::{Key, families as ids};

label! {
    /// What was refused of what came in, and so what was done without it.
    pub enum Reason {
        /// No parent: a new trace begins.
        TraceparentMalformed = "traceparent_malformed",
        /// Two parents are none: a new trace begins.
        TraceparentRepeated = "traceparent_repeated",
        /// The trace goes on without its state.
        TracestateMalformed = "tracestate_malformed",
        /// More than 32 members: the trace goes on without its state.
        TracestateTooMany = "tracestate_too_many",
        /// A member of the baggage is left out.
        BaggageMalformed = "baggage_malformed",
        /// Members beyond the 64th are left out.
        BaggageTooMany = "baggage_too_many",
        /// Members beyond 8,192 bytes are left out.
        BaggageTooLong = "baggage_too_long",
        /// No parent: a new trace begins.
        BinaryMalformed = "binary_malformed",
        /// Two parents are none: a new trace begins.
        BinaryRepeated = "binary_repeated",
    }
}

label! {
    /// What was left out of what went out, and why.
    pub enum LeftOut {
        /// Members of the state found no room in the header budget.
        TracestateBudget = "tracestate_budget",
        /// Members of the baggage found no room in the header budget, or in the specification's own.
        BaggageBudget = "baggage_budget",
        /// Properties of a member, set by this process, are none that a header may have.
        BaggageProperties = "baggage_properties",
        /// A field of another propagator found no room, is none of its own or cannot be a header.
        ForeignField = "foreign_field",
        /// An id found no room in the header budget.
        IdBudget = "id_budget",
    }
}

catalog! { pub mod throughline, budget 20;
    /// Parts of an incoming context that were refused; the request itself went on.
    counter throughline_context_rejected_total { reason: Reason };
    /// Parts of an outgoing context that were left out; the rest went on.
    counter throughline_context_left_out_total { reason: LeftOut };
}

#[cold]
pub(crate) fn rejected(reason: Reason) {
    throughline::throughline_context_rejected_total
        .with((reason,))
        .increment(1);
}

#[cold]
pub(crate) fn left_out(reason: LeftOut) {
    throughline::throughline_context_left_out_total
        .with((reason,))
        .increment(1);
}

/// Ids are refused for one reason wherever they come from, so they are counted in one family.
#[cold]
pub(crate) fn id_rejected(key: Key, reason: ids::Reason) {
    ids::throughline::throughline_ids_rejected_total
        .with((key.into(), reason))
        .increment(1);
}
