//! Whole trees as text.

use super::*;
use crate::otlp::Link;

fn span(service: &str, id: &str, parent: Option<&str>, start_us: u64, end_us: u64) -> Span {
    Span {
        service: service.to_owned(),
        resource: BTreeMap::new(),
        scope: String::new(),
        name: format!("work {id}"),
        kind: Kind::Unspecified,
        trace_id: "t1".to_owned(),
        span_id: id.to_owned(),
        parent_id: parent.map(str::to_owned),
        trace_state: String::new(),
        flags: 1,
        start_ns: 1_000_000_000 + start_us * 1_000,
        end_ns: 1_000_000_000 + end_us * 1_000,
        attributes: BTreeMap::new(),
        events: Vec::new(),
        links: Vec::new(),
        status: Status::Unset,
    }
}

#[test]
fn a_trace_is_a_tree_in_the_order_of_time() {
    let mut api = span("api", "a", None, 0, 10_000);
    api.kind = Kind::Server;
    let mut driver = span("driver", "d", Some("k"), 7_000, 8_000);
    driver.status = Status::Error("burnt out".to_owned());
    let mut compiler = span("compiler", "c", Some("k"), 1_500, 2_750);
    compiler.links.push(Link {
        trace_id: "t0".to_owned(),
        span_id: "z".to_owned(),
    });
    compiler.status = Status::Ok;
    let other = span("api", "b", Some("a"), 9_000, 9_001);
    // As they come from four exporters: in no order.
    let spans = [
        driver,
        other,
        span("kernel", "k", Some("a"), 1_000, 9_000),
        compiler,
        api,
    ];
    assert_eq!(
        render(&spans, &[]),
        "\
trace t1: 5 spans, 4 services, 10.000 ms
     0.000     10.000  api: work a [server]
     1.000      8.000  ├─ kernel: work k
     1.500      1.250  │  ├─ compiler: work c ok
                       │  │     ↳ linked to span z of trace t0
     7.000      1.000  │  └─ driver: work d ERROR: burnt out
     9.000      0.001  └─ api: work b
"
    );
}

#[test]
fn orphans_are_flagged_and_callers_are_not() {
    let spans = [
        span("a", "1", Some("caller"), 0, 1_000),
        span("b", "2", Some("lost"), 500, 600),
    ];
    let text = render(&spans, &["caller"]);
    assert!(
        text.contains("a: work 1  (its parent is the caller)\n"),
        "{text}"
    );
    assert!(
        text.contains("b: work 2  ORPHAN: its parent lost did not come\n"),
        "{text}"
    );
}

#[test]
fn broken_traces_are_printed_too() {
    assert_eq!(render(&[], &[]), "(no spans)\n");
    let text = render(
        &[
            span("a", "1", Some("2"), 0, 1),
            span("a", "2", Some("1"), 0, 1),
        ],
        &[],
    );
    assert!(text.contains("2 spans are their own ancestors"), "{text}");
    // A child that began before its parent: clocks differ between hosts.
    let text = render(
        &[
            span("a", "1", None, 5_000, 9_000),
            span("b", "2", Some("1"), 0, 1),
        ],
        &[],
    );
    assert!(text.contains("     5.000      4.000  a: work 1"), "{text}");
    // Times that make no sense are shown as they are.
    let text = render(&[span("a", "1", None, 5_000, 4_000)], &[]);
    assert!(text.contains("-1.000  a: work 1"), "{text}");
}
