//! What a context costs in allocations. In a process of its own: the crate that counts them brings the
//! process's allocator.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use http::{HeaderMap, HeaderValue};
use opentelemetry::Context;
use throughline_context::{
    Concern, Switch, TraceContext, Trust, arrive, extract, extract_with_context, inject,
};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn headers(state: Option<&'static str>) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(8);
    map.insert("host", HeaderValue::from_static("localhost"));
    map.insert("traceparent", HeaderValue::from_static(PARENT));
    if let Some(state) = state {
        map.insert("tracestate", HeaderValue::from_static(state));
    }
    map
}

fn allocations(mut work: impl FnMut()) -> u64 {
    work();
    allocation_counter::measure(&mut work).count_total
}

#[test]
fn a_trace_context_is_read_for_nothing_and_relayed_for_a_headers_value() {
    let map = headers(None);
    let mut onward = HeaderMap::with_capacity(8);
    let read = allocations(|| drop(black_box(TraceContext::extract(&map))));
    assert_eq!(read, 0);
    let relayed = allocations(|| {
        let trace = TraceContext::extract(&map).unwrap();
        onward.clear();
        trace.inject(&mut onward);
    });
    assert_eq!(relayed, 1);
    let map = headers(Some("a=1,foo@@bar=2"));
    let read = allocations(|| drop(black_box(TraceContext::extract(&map))));
    assert_eq!(read, 1, "the list");
}

/// OpenTelemetry's context shares its span, and a map of what lies beside it.
#[test]
fn a_context_costs_what_opentelemetrys_type_asks_for() {
    let (none, sent) = (HeaderMap::new(), headers(None));
    assert_eq!(allocations(|| drop(black_box(extract(&none)))), 0);
    assert_eq!(allocations(|| drop(black_box(extract(&sent)))), 1);
    assert_eq!(
        allocations(|| drop(black_box(arrive(Trust::Mesh, &sent)))),
        1
    );
    assert_eq!(
        allocations(|| drop(black_box(arrive(Trust::Edge, &sent)))),
        0
    );
    let kept = allocations(|| drop(black_box(arrive(Trust::Keep, &sent))));
    assert!(kept <= 4, "{kept}");
}

#[test]
fn a_context_is_written_for_a_headers_value() {
    let cx = extract_with_context(&Context::new(), &headers(Some("a=1")));
    let mut onward = HeaderMap::with_capacity(8);
    let written = allocations(|| {
        onward.clear();
        inject(&cx, &mut onward);
    });
    assert_eq!(written, 2, "one for each header");
}

#[test]
fn the_switch_costs_none() {
    let switch = Switch::global();
    let asked = allocations(|| assert!(black_box(&switch).is_on(Concern::Metrics)));
    assert_eq!(asked, 0);
}
