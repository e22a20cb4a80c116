//! Reading and writing by the process's propagator.

use opentelemetry::{Context, trace::SpanContext};

use crate::{
    carrier::{Extract, Inject},
    propagator::Propagator,
    scope::Scope,
    trust::{Arrival, Trust},
};

/// Reads what the caller sent into the current context, trusting it in all; see
/// [`Propagator::extract`].
#[must_use]
pub fn extract(carrier: &impl Extract) -> Context {
    Propagator::global().extract(carrier)
}

/// As [`extract`], into a context of the caller's choice.
#[must_use]
pub fn extract_with_context(into: &Context, carrier: &impl Extract) -> Context {
    Propagator::global().extract_with_context(into, carrier)
}

/// Reads what the caller sent, as far as it is trusted; see [`Trust`].
#[must_use]
pub fn arrive(trust: Trust, carrier: &impl Extract) -> Arrival {
    Propagator::global().arrive(trust, carrier)
}

/// As [`arrive`], and opens a span at once; see [`Propagator::arrive_with_span`].
#[must_use]
pub fn arrive_with_span(
    trust: Trust,
    carrier: &impl Extract,
    open: impl FnOnce(&Context, Option<&SpanContext>) -> Context,
) -> Scope {
    Propagator::global().arrive_with_span(trust, carrier, open)
}

/// Writes the context to a carrier; see [`Propagator::inject`].
pub fn inject(cx: &Context, carrier: &mut impl Inject) {
    Propagator::global().inject(cx, carrier);
}
