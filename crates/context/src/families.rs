//! What this crate counts about itself.

use throughline_catalog::{catalog, label};
use throughline_correlation::{Key, families as ids};

label! {
    /// What was refused, and so what was done: a new trace, or the trace without its state.
    pub enum Reason {
        TraceparentMalformed = "traceparent_malformed",
        TraceparentRepeated = "traceparent_repeated",
        TracestateMalformed = "tracestate_malformed",
    }
}

catalog! { pub mod throughline, budget 10;
    /// Parts of an incoming context that were refused; the request itself went on.
    counter throughline_context_rejected_total { reason: Reason };
}

pub(crate) fn rejected(reason: Reason) {
    throughline::throughline_context_rejected_total
        .with((reason,))
        .increment(1);
}

/// Ids are refused for one reason wherever they come from, so they are counted in one family.
pub(crate) fn id_rejected(key: Key, reason: ids::Reason) {
    ids::throughline::throughline_ids_rejected_total
        .with((key.into(), reason))
        .increment(1);
}
