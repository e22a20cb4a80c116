//! `traceparent`: every case as a value on its own, as a header and in maps of strings.

use opentelemetry::trace::{SpanId, TraceContextExt, TraceFlags, TraceId};
use throughline_context::{TraceParent, extract, inject};

use crate::support::{SPAN, TRACE, headers, injected, maps, parent, part, refused, text};

/// What comes of each value: the flags that go on, or nothing. `T` and `S` stand for valid ids.
const CASES: &[(&str, Option<u8>)] = &[
    // Flags of version 00: two bits are known, the others go no further.
    ("00-T-S-00", Some(0)),
    ("00-T-S-01", Some(1)),
    ("00-T-S-02", Some(2)),
    ("00-T-S-03", Some(3)),
    ("00-T-S-04", Some(0)),
    ("00-T-S-08", Some(0)),
    ("00-T-S-ff", Some(3)),
    ("00-T-S-fe", Some(2)),
    ("00-T-S-f1", Some(1)),
    // White space of HTTP around it.
    (" 00-T-S-01", Some(1)),
    ("00-T-S-01 ", Some(1)),
    ("\t00-T-S-01\t", Some(1)),
    (" \t \t00-T-S-01\t \t ", Some(1)),
    // Higher versions are read as 00.
    ("01-T-S-01", Some(1)),
    ("02-T-S-00", Some(0)),
    ("cc-T-S-01", Some(1)),
    ("fe-T-S-03", Some(3)),
    ("0a-T-S-01", Some(1)),
    ("cc-T-S-01-", Some(1)),
    ("cc-T-S-01-what-the-future-holds", Some(1)),
    ("01-T-S-01-00", Some(1)),
    ("cc-T-S-01-!", Some(1)),
    ("cc-T-S-01- ", Some(1)),
    // … and what follows their flags begins with a hyphen.
    ("cc-T-S-01.what", None),
    ("cc-T-S-010", None),
    ("cc-T-S-01,cc-T-S-01", None),
    ("01-T-S-01 01", None),
    // Version 00 ends after its flags.
    ("00-T-S-01-", None),
    ("00-T-S-01-00", None),
    ("00-T-S-01.", None),
    ("00-T-S-011", None),
    ("00-T-S-01,00-T-S-01", None),
    // Versions that are none.
    ("ff-T-S-01", None),
    ("ff-T-S-01-", None),
    ("FF-T-S-01", None),
    ("0A-T-S-01", None),
    ("0g-T-S-01", None),
    ("0-T-S-01", None),
    ("000-T-S-01", None),
    (" -T-S-01", None),
    ("-T-S-01", None),
    ("+0-T-S-01", None),
    // Trace ids.
    ("00-00000000000000000000000000000000-S-01", None),
    ("00-0af7651916cd43dd8448eb211c80319-S-01", None),
    ("00-0af7651916cd43dd8448eb211c80319cc-S-01", None),
    ("00-0AF7651916CD43DD8448EB211C80319C-S-01", None),
    ("00-0af7651916cd43dd8448eb211c80319C-S-01", None),
    ("00-.af7651916cd43dd8448eb211c80319c-S-01", None),
    ("00-+af7651916cd43dd8448eb211c80319c-S-01", None),
    ("00-0xf7651916cd43dd8448eb211c80319c-S-01", None),
    ("00- af7651916cd43dd8448eb211c80319c-S-01", None),
    ("00--S-01", None),
    ("00-00000000000000000000000000000001-S-01", Some(1)),
    ("00-ffffffffffffffffffffffffffffffff-S-01", Some(1)),
    // Span ids.
    ("00-T-0000000000000000-01", None),
    ("00-T-b7ad6b716920333-01", None),
    ("00-T-b7ad6b71692033311-01", None),
    ("00-T-B7AD6B7169203331-01", None),
    ("00-T-b7ad6b716920333.-01", None),
    ("00-T-b7ad6b716920333\u{e9}-01", None),
    ("00-T--01", None),
    ("00-T-0000000000000001-01", Some(1)),
    ("00-T-ffffffffffffffff-01", Some(1)),
    // Flags that are none.
    ("00-T-S-", None),
    ("00-T-S-1", None),
    ("00-T-S-001", None),
    ("00-T-S-0G", None),
    ("00-T-S-0A", None),
    ("00-T-S-.0", None),
    ("00-T-S-+1", None),
    ("00-T-S- 1", None),
    ("00-T-S", None),
    // Separators.
    ("00_T_S_01", None),
    ("00-T_S-01", None),
    ("00TS01", None),
    ("00-T-S+01", None),
    // Nothing like it.
    ("", None),
    (" ", None),
    ("-", None),
    ("---", None),
    ("hello", None),
    ("00", None),
    ("00-S-T-01", None),
];

fn filled(case: &str) -> String {
    case.replace('T', TRACE).replace('S', SPAN)
}

#[test]
fn each_value_is_read_or_refused_as_the_specification_says() {
    assert!(60 <= CASES.len());
    for (case, flags) in CASES {
        let value = filled(case);
        let read = TraceParent::parse(value.as_bytes());
        assert_eq!(read.ok().map(|p| p.flags().to_u8()), *flags, "{case:?}");
    }
}

#[test]
fn every_carrier_agrees_and_a_refused_value_is_counted_once() {
    for (case, flags) in CASES {
        let value = filled(case);
        let (tree, hash) = maps(&[("traceparent", &value), ("tracestate", "a=1")]);
        let map = headers(&[("traceparent", value.as_str()), ("tracestate", "a=1")]).unwrap();

        let (contexts, counts) =
            refused(|| [extract(&map), extract(&tree), extract(&hash)].map(|cx| injected(&cx)));
        for onward in contexts {
            let expected = flags.map(|flags| {
                let (trace, span) = (&value.trim()[3..35], &value.trim()[36..52]);
                format!("00-{trace}-{span}-{flags:02x}")
            });
            assert_eq!(
                text(&onward, "traceparent"),
                expected.as_deref(),
                "{case:?}"
            );
            // A state without its parent means nothing.
            assert_eq!(
                text(&onward, "tracestate"),
                flags.map(|_| "a=1"),
                "{case:?}"
            );
        }
        let expected = match flags {
            Some(_) => vec![],
            None => vec![(part("traceparent_malformed").0, 3)],
        };
        assert_eq!(counts, expected, "{case:?}");
    }
}

#[test]
fn two_parents_are_none_whatever_they_are() {
    let (one, other) = (parent("01"), parent("00"));
    for pair in [
        [one.as_str(), &one],
        [&one, &other],
        [&one, "junk"],
        ["junk", &one],
        ["", ""],
    ] {
        let map = headers(&pair.map(|value| ("traceparent", value))).unwrap();
        let (cx, counts) = refused(|| extract(&map));
        assert!(!cx.has_active_span(), "{pair:?}");
        assert_eq!(counts, [part("traceparent_repeated")], "{pair:?}");
    }
}

#[test]
fn no_parent_at_all_is_nothing_to_count() {
    let map = headers(&[("tracestate", "not even a state")]).unwrap();
    let (cx, counts) = refused(|| extract(&map));
    assert!(!cx.has_active_span());
    assert_eq!(counts, [], "without a parent the state is not looked at");
}

#[test]
fn a_header_in_any_case_is_found() {
    let name = http::HeaderName::from_bytes(b"TraceParent").unwrap();
    let mut map = http::HeaderMap::new();
    map.insert(name, parent("01").parse().unwrap());
    assert!(extract(&map).span().span_context().is_remote());
}

#[test]
fn a_parent_of_parts_needs_both_ids() {
    let trace = TraceId::from_hex(TRACE).unwrap();
    let span = SpanId::from_hex(SPAN).unwrap();
    let all = TraceFlags::new(0xff);
    let made = TraceParent::new(trace, span, all).unwrap();
    assert_eq!(made.to_string(), parent("03"));
    assert_eq!((made.trace_id(), made.span_id()), (trace, span));
    assert_eq!(TraceParent::new(TraceId::INVALID, span, all), None);
    assert_eq!(TraceParent::new(trace, SpanId::INVALID, all), None);
}

#[test]
fn an_error_says_what_is_wrong_without_repeating_it() {
    let error = TraceParent::parse(b"<script>").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("script"));
}

#[test]
fn a_map_that_was_copied_keeps_nothing_stale() {
    let (mut tree, mut hash) = maps(&[("traceparent", "old"), ("tracestate", "old=1"), ("x", "y")]);
    let cx = opentelemetry::Context::new();
    inject(&cx, &mut tree);
    inject(&cx, &mut hash);
    assert_eq!(
        tree.into_iter().collect::<Vec<_>>(),
        [("x".to_owned(), "y".to_owned())]
    );
    assert_eq!(hash.len(), 1);
}
