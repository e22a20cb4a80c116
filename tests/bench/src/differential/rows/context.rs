//! Which trace goes on from inside a handler.

use opentelemetry::trace::{SpanId, SpanKind, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::{done, full};
use crate::differential::client::{Headers, call};
use crate::differential::record::{self, awaited, span};
use crate::differential::test_bed::TestBed;

pub(super) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(super) const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Of the request that a handler copies.
pub(super) const STALE: &str = "11111111111111111111111111111111";
pub(super) const CALLER: &str = "b7ad6b7169203331";

pub(super) fn traceparent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CALLER}-{flags}")
}

/// Has the handler make a call of its own, and returns what its client sent under `header`.
pub(super) async fn relayed(
    bed: &TestBed,
    method: &str,
    headers: Headers<'_>,
    header: &str,
) -> String {
    *bed.shared.relayed.lock().expect("nobody panicked") = None;
    let _ = call(&bed.bare, method, headers).await;
    let sent = bed.shared.relayed.lock().expect("nobody panicked").take();
    let Some(sent) = sent else {
        return "nothing was sent".to_owned();
    };
    let values: Vec<_> = sent.get_all(header).iter().collect();
    match values.as_slice() {
        [] => "none".to_owned(),
        [value] if value.is_empty() => "an empty one".to_owned(),
        [value] => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        more => format!("{} of them", more.len()),
    }
}

/// The server span of a `Relay` that is made now.
pub(super) async fn relay_span(bed: &TestBed, headers: Headers<'_>) -> Option<SpanData> {
    let count = || {
        let mut spans = record::spans(&SpanKind::Server);
        spans.retain(|span| span.name.ends_with("/Relay"));
        spans.len()
    };
    let before = count();
    done(bed, "Relay", headers).await;
    awaited(|| (before < count()).then_some(())).await?;
    span(&SpanKind::Server, "Relay")
}

pub(super) fn trace_id(text: &str) -> TraceId {
    TraceId::from_hex(text).expect("it is an id")
}

pub(super) async fn parent(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let Some(span) = relay_span(bed, &headers).await else {
        return "lost".to_owned();
    };
    let is_same = span.span_context.trace_id() == trace_id(TRACE);
    let is_child = span.parent_span_id == SpanId::from_hex(CALLER).expect("it is an id");
    let seen = match (is_same, is_child) {
        (true, true) => "the parent",
        (true, false) => "another parent",
        (false, _) => "another trace",
    };
    seen.to_owned()
}

pub(super) async fn two_parents(bed: &TestBed) -> String {
    let (one, other) = (traceparent(TRACE, "01"), traceparent(OTHER, "01"));
    let headers = [("traceparent", &*one), ("traceparent", &*other)];
    let Some(span) = relay_span(bed, &headers).await else {
        return "lost".to_owned();
    };
    let id = span.span_context.trace_id();
    let seen = if id == trace_id(TRACE) {
        "the first one's"
    } else if id == trace_id(OTHER) {
        "the second one's"
    } else {
        "a new trace"
    };
    seen.to_owned()
}

pub(super) async fn two_states(bed: &TestBed) -> String {
    let headers = [
        ("traceparent", &*traceparent(TRACE, "01")),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
    ];
    relayed(bed, &full("Relay"), &headers, "tracestate").await
}

pub(super) async fn no_state(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    relayed(bed, &full("Relay"), &headers, "tracestate").await
}

pub(super) async fn random(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "03"))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    let flags = sent.rsplit('-').next().unwrap_or_default();
    flags.to_owned()
}

/// Whether the caller's trace is the one that is sent on.
pub(super) fn goes_on(sent: &str) -> String {
    let seen = match sent.split('-').nth(1) {
        Some(TRACE) => "goes on",
        Some(STALE) => "the copied one goes out",
        Some(_) => "another trace",
        None => "ends",
    };
    seen.to_owned()
}

/// Whether the trace goes on while this is off.
async fn without(bed: &TestBed, switch: fn(bool), flags: &str) -> String {
    switch(false);
    let headers = [("traceparent", &*traceparent(TRACE, flags))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    switch(true);
    goes_on(&sent)
}

pub(super) async fn unsampled(bed: &TestBed) -> String {
    without(bed, record::sample, "00").await
}

pub(super) async fn unlogged(bed: &TestBed) -> String {
    without(bed, record::log, "01").await
}

pub(super) async fn in_stream(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    goes_on(&relayed(bed, &full("RelayLate"), &headers, "traceparent").await)
}

pub(super) async fn left_out(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let method = "grpc.health.v1.Health/Relay";
    goes_on(&relayed(bed, method, &headers, "traceparent").await)
}
