//! From one carrier to the next: what goes on, and what must not.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::Sampler;
use throughline_context::{extract, extract_with_context, inject};

use crate::support::{Entering, SPAN, TRACE, headers, injected, local_span, parent, text};

const STATE: &str = "a=1,foo@@bar=2";

fn arrived(flags: &str, state: &str) -> Context {
    let parent = parent(flags);
    let pairs = [("traceparent", parent.as_str()), ("tracestate", state)];
    let count = if state.is_empty() { 1 } else { 2 };
    extract_with_context(&Context::new(), &headers(&pairs[..count]).unwrap())
}

fn flags(sent: &http::HeaderMap) -> &str {
    &text(sent, "traceparent").unwrap()[53..]
}

#[test]
fn an_extracted_parent_is_remote_and_has_the_callers_flags() {
    for (text, sampled) in [("00", false), ("01", true), ("02", false), ("03", true)] {
        let cx = arrived(text, STATE);
        let span = cx.span();
        let span = span.span_context();
        assert!(span.is_remote() && span.is_valid());
        assert_eq!(span.is_sampled(), sampled);
        assert_eq!(span.trace_id(), TraceId::from_hex(TRACE).unwrap());
        assert_eq!(span.span_id(), SpanId::from_hex(SPAN).unwrap());
    }
}

#[test]
fn state_and_random_flag_survive_a_local_span_sampled_or_not() {
    for (arriving, sampler, onward) in [
        ("00", Sampler::AlwaysOff, "00"),
        ("00", Sampler::AlwaysOn, "01"),
        ("01", Sampler::AlwaysOff, "00"),
        ("01", Sampler::AlwaysOn, "01"),
        ("02", Sampler::AlwaysOff, "02"),
        ("02", Sampler::AlwaysOn, "03"),
        ("03", Sampler::AlwaysOff, "02"),
        ("03", Sampler::AlwaysOn, "03"),
    ] {
        let sent = injected(&local_span(&arrived(arriving, STATE), sampler.clone()));
        let header = text(&sent, "traceparent").unwrap();
        assert_eq!(flags(&sent), onward, "{arriving} {sampler:?}");
        assert_eq!(&header[3..35], TRACE);
        assert_ne!(&header[36..52], SPAN, "the local span is the parent now");
        assert_eq!(
            text(&sent, "tracestate"),
            Some(STATE),
            "{arriving} {sampler:?}"
        );
    }
}

#[test]
fn a_child_of_a_child_still_relays() {
    let first = local_span(&arrived("03", STATE), Sampler::AlwaysOff);
    let sent = injected(&local_span(&first, Sampler::AlwaysOff));
    assert_eq!(flags(&sent), "02");
    assert_eq!(text(&sent, "tracestate"), Some(STATE));
}

#[test]
fn what_was_relayed_is_not_attached_to_another_trace() {
    let cx = arrived("03", STATE);
    let other = SpanContext::new(
        TraceId::from(7_u128),
        SpanId::from(7_u64),
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    );
    let sent = injected(&cx.with_remote_span_context(other));
    assert_eq!(flags(&sent), "01");
    assert_eq!(text(&sent, "tracestate"), None);
}

#[test]
fn an_outer_scopes_state_is_not_attached_to_a_caller_that_sent_none() {
    let outer = arrived("03", STATE);
    let map = headers(&[("traceparent", parent("01"))]).unwrap();
    let sent = injected(&extract_with_context(&outer, &map));
    assert_eq!(flags(&sent), "01");
    assert_eq!(text(&sent, "tracestate"), None);
}

#[test]
fn without_a_valid_span_stale_headers_go() {
    let mut map = headers(&[
        ("traceparent", "old"),
        ("traceparent", "older"),
        ("tracestate", "old=1"),
        ("accept", "*/*"),
    ])
    .unwrap();
    inject(&Context::new(), &mut map);
    assert_eq!(map.keys().collect::<Vec<_>>(), ["accept"]);
}

#[test]
fn a_new_trace_takes_the_place_of_all_that_was_copied() {
    let mut map = headers(&[
        ("traceparent", "old"),
        ("traceparent", "older"),
        ("tracestate", "old=1"),
        ("tracestate", "old=2"),
    ])
    .unwrap();
    inject(&arrived("01", ""), &mut map);
    assert_eq!(text(&map, "traceparent"), Some(parent("01").as_str()));
    assert_eq!(text(&map, "tracestate"), None);
    inject(&arrived("01", STATE), &mut map);
    assert_eq!(text(&map, "tracestate"), Some(STATE));
}

#[test]
fn a_state_of_this_process_goes_along_if_a_header_may_hold_it() {
    let with = |key: &'static str, value: &'static str| {
        let state = TraceState::from_key_value([(key, value)]).unwrap();
        let cx = arrived("01", "");
        let span = cx.span().span_context().clone();
        let span = SpanContext::new(
            span.trace_id(),
            span.span_id(),
            span.trace_flags(),
            false,
            state,
        );
        let mut map = headers(&[("tracestate", "stale=1")]).unwrap();
        inject(&Context::new().with_remote_span_context(span), &mut map);
        text(&map, "tracestate").map(str::to_owned)
    };
    assert_eq!(with("ot", "th:8").as_deref(), Some("ot=th:8"));
    // OpenTelemetry's type takes these; no header can, and the stale one must not stay instead.
    assert_eq!(with("ot", "1\r\nx-admin: 1"), None);
    assert_eq!(with("ot", ""), None);
}

#[test]
fn extraction_goes_into_the_current_context() {
    #[derive(Debug, PartialEq)]
    struct Kept(u8);
    let outer = Context::new().with_value(Kept(7));
    let _entered = outer.attach();
    let cx = extract(&headers(&[("traceparent", parent("01"))]).unwrap());
    assert_eq!(cx.get::<Kept>(), Some(&Kept(7)));
    assert!(cx.has_active_span());
    // What is malformed leaves the current context as it is.
    let cx = extract(&headers(&[("traceparent", "junk")]).unwrap());
    assert_eq!(cx.get::<Kept>(), Some(&Kept(7)));
    assert!(!cx.has_active_span());
}

#[test]
fn a_carrier_may_enter_contexts_of_its_own() {
    let sent = headers(&[
        ("traceparent", parent("03").as_str()),
        ("tracestate", STATE),
    ])
    .unwrap();
    let cx = extract(&Entering(sent.clone()));
    let mut onward = Entering(http::HeaderMap::new());
    inject(&cx, &mut onward);
    assert_eq!(onward.0, sent);
}
