//! What travels of a job beside trace and ids.

use std::io::Write as _;

use opentelemetry::trace::SpanContext;
use throughline_context::{Extract, Inject, TraceParent};

use super::Passage;
use crate::{
    families::{Rejected, rejected},
    labels::Trigger,
    time::{Stamp, number},
};

pub(super) const ATTEMPT: &str = "x-job-attempt";
pub(super) const FIRST_ENQUEUED: &str = "x-job-first-enqueued-at";
pub(super) const ENQUEUED: &str = "x-job-enqueued-at";
pub(super) const AVAILABLE: &str = "x-job-available-at";
pub(super) const TRIGGER: &str = "x-job-trigger";
pub(super) const ORIGIN: &str = "x-job-origin-traceparent";

pub(super) const ALL: [&str; 6] = [
    ATTEMPT,
    FIRST_ENQUEUED,
    ENQUEUED,
    AVAILABLE,
    TRIGGER,
    ORIGIN,
];

/// More attempts than any job has.
const MAX_ATTEMPT: u64 = 1_000_000;

pub(super) fn write(passage: &Passage, carrier: &mut impl Inject) {
    let Passage {
        attempt,
        first_enqueued,
        enqueued,
        available,
        trigger,
        origin,
    } = passage;
    with_digits(u64::from(*attempt), |text| carrier.set(ATTEMPT, text));
    for (name, stamp) in [
        (FIRST_ENQUEUED, first_enqueued),
        (ENQUEUED, enqueued),
        (AVAILABLE, available),
    ] {
        match stamp {
            Some(stamp) => with_digits(stamp.micros(), |text| carrier.set(name, text)),
            None => carrier.remove(name),
        }
    }
    match trigger {
        // It can be told from the times.
        Trigger::Message | Trigger::Delay => carrier.remove(TRIGGER),
        Trigger::Schedule | Trigger::Redrive => carrier.set(TRIGGER, trigger.as_str()),
    }
    match origin.as_ref().and_then(parent) {
        Some(origin) => origin.with_text(|text| carrier.set(ORIGIN, text)),
        None => carrier.remove(ORIGIN),
    }
}

pub(super) fn read(carrier: &impl Extract) -> Passage {
    let stamp = |name| parsed(carrier, name, Rejected::Time, Stamp::parse);
    let attempt = parsed(carrier, ATTEMPT, Rejected::Attempt, |text| {
        let attempt = number(text).filter(|n| (1..=MAX_ATTEMPT).contains(n))?;
        u32::try_from(attempt).ok()
    });
    let trigger = parsed(carrier, TRIGGER, Rejected::Trigger, |text| {
        let named = |trigger: &&Trigger| trigger.as_str().as_bytes() == text;
        Trigger::ALL.iter().find(named).copied()
    });
    let origin = parsed(carrier, ORIGIN, Rejected::Origin, |text| {
        let parent = TraceParent::parse(text).ok()?;
        let (trace, span, flags) = (parent.trace_id(), parent.span_id(), parent.flags());
        Some(SpanContext::new(
            trace,
            span,
            flags,
            true,
            Default::default(),
        ))
    });
    Passage {
        attempt: attempt.unwrap_or(1),
        first_enqueued: stamp(FIRST_ENQUEUED),
        enqueued: stamp(ENQUEUED),
        available: stamp(AVAILABLE),
        trigger: trigger.unwrap_or(Trigger::Message),
        origin,
    }
}

/// The value under `name`; one that is malformed, or repeated, is counted and left out.
fn parsed<T>(
    carrier: &impl Extract,
    name: &'static str,
    reason: Rejected,
    parse: impl FnOnce(&[u8]) -> Option<T>,
) -> Option<T> {
    let (mut found, mut count) = (None, 0_u32);
    carrier.values(name, |value| {
        found = Some(value);
        count = count.saturating_add(1);
    });
    if 1 < count {
        rejected(Rejected::Repeated);
        return None;
    }
    let value = parse(found?);
    if value.is_none() {
        rejected(reason);
    }
    value
}

fn parent(span: &SpanContext) -> Option<TraceParent> {
    TraceParent::new(span.trace_id(), span.span_id(), span.trace_flags())
}

fn with_digits<R>(number: u64, f: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0; 20];
    let mut rest = &mut buffer[..];
    let written = match write!(rest, "{number}") {
        Ok(()) => 20 - rest.len(),
        Err(_) => 0,
    };
    f(std::str::from_utf8(&buffer[..written]).unwrap_or_default())
}
