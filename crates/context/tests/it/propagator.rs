//! The propagator: formats, foreign ones beside it, the budget, ids.

use std::collections::HashMap;

use http::HeaderMap;
use opentelemetry::{
    Context, KeyValue,
    baggage::BaggageExt,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId},
};
use throughline_context::{BaggageRule, ConfigError, Format, Propagator, Scope};
use throughline_correlation::{Ids, JobId, Key, RequestId};

use crate::support::{SPAN, TRACE, headers, left_out, parent, refused, text};

const BINARY: &str = "AAAK92UZFs1D3YRI6yEcgDGcAbetaxaSAzMxAgE";

fn cx() -> Context {
    let map = headers(&[("traceparent", parent("01"))]).unwrap();
    Propagator::new().extract_with_context(&Context::new(), &map)
}

fn bytes(map: &HeaderMap) -> usize {
    map.iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum()
}

#[test]
fn the_binary_form_is_read_by_default_and_written_where_asked_for() {
    let map = headers(&[
        ("grpc-trace-bin", parent("00")),
        ("accept", "*/*".to_owned()),
    ])
    .unwrap();
    let mut onward = map.clone();
    Propagator::new().inject(&cx(), &mut onward);
    assert!(
        !onward.contains_key("grpc-trace-bin"),
        "a stale one is not left"
    );

    let both = Propagator::builder()
        .send([Format::W3c, Format::GrpcTraceBin])
        .build()
        .unwrap();
    both.inject(&cx(), &mut onward);
    assert_eq!(text(&onward, "traceparent"), Some(parent("01").as_str()));
    let value = text(&onward, "grpc-trace-bin").unwrap().to_owned();
    assert_eq!(value.len(), 39);

    let binary = Propagator::builder()
        .accept([Format::GrpcTraceBin])
        .send([Format::GrpcTraceBin])
        .build()
        .unwrap();
    let map = headers(&[
        ("grpc-trace-bin", value.as_str()),
        ("traceparent", "ignored"),
    ])
    .unwrap();
    let cx = binary.extract_with_context(&Context::new(), &map);
    assert_eq!(
        cx.span().span_context().trace_id(),
        TraceId::from_hex(TRACE).unwrap()
    );
    let mut onward = map.clone();
    binary.inject(&cx, &mut onward);
    assert_eq!(text(&onward, "grpc-trace-bin"), Some(value.as_str()));
    assert_eq!(text(&onward, "traceparent"), None);
    assert_eq!(BINARY.len(), value.len());
}

/// B3 in its single form, as small as it can be.
#[derive(Debug)]
struct B3(Vec<String>);

impl B3 {
    fn new() -> Self {
        Self(vec!["B3".to_owned()])
    }
}

impl TextMapPropagator for B3 {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let span = cx.span();
        let span = span.span_context();
        if span.is_valid() {
            injector.set("b3", format!("{}-{}-1", span.trace_id(), span.span_id()));
        }
        injector.set("not-named", "value".to_owned());
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let read = || {
            assert_eq!(extractor.keys(), ["b3"]);
            let mut parts = extractor.get("B3")?.split('-');
            let trace = TraceId::from_hex(parts.next()?).ok()?;
            let span = SpanId::from_hex(parts.next()?).ok()?;
            Some(SpanContext::new(
                trace,
                span,
                TraceFlags::SAMPLED,
                true,
                Default::default(),
            ))
        };
        match extractor.get_all("b3").and_then(|_| read()) {
            Some(remote) => cx.with_remote_span_context(remote),
            None => cx.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.0)
    }
}

#[test]
fn a_foreign_propagator_is_asked_where_nothing_else_came_and_writes_along() {
    let beside = Propagator::builder().beside(B3::new()).build().unwrap();
    let b3 = format!("{TRACE}-{SPAN}-1");
    let map = headers(&[("b3", b3.as_str())]).unwrap();
    let cx = beside.extract_with_context(&Context::new(), &map);
    assert_eq!(
        cx.span().span_context().span_id(),
        SpanId::from_hex(SPAN).unwrap()
    );

    let mut onward = headers(&[("b3", "stale"), ("b3", "staler")]).unwrap();
    let ((), counts) = refused(|| beside.inject(&cx, &mut onward));
    assert_eq!(text(&onward, "b3"), Some(b3.as_str()));
    assert_eq!(text(&onward, "traceparent"), Some(parent("01").as_str()));
    assert_eq!(onward.len(), 2, "only the fields that it names");
    assert_eq!(counts, [left_out("foreign_field")]);

    // W3C is the caller's word, valid or not.
    for (w3c, trace) in [(parent("00"), TRACE), ("junk".to_owned(), "")] {
        let other = format!("{}-{SPAN}-1", "1".repeat(32));
        let map = headers(&[("traceparent", w3c), ("b3", other)]).unwrap();
        let cx = beside.extract_with_context(&Context::new(), &map);
        let seen = cx.span().span_context().trace_id();
        assert_eq!(seen, TraceId::from_hex(trace).unwrap_or(TraceId::INVALID));
    }
    let fields: Vec<_> = TextMapPropagator::fields(&beside)
        .map(str::to_owned)
        .collect();
    assert_eq!(
        fields,
        ["traceparent", "tracestate", "grpc-trace-bin", "b3"]
    );
}

#[test]
fn a_foreign_propagators_fields_are_checked() {
    let built = |field: &str| {
        let beside = B3(vec![field.to_owned()]);
        Propagator::builder()
            .beside(beside)
            .build()
            .map(drop)
            .unwrap_err()
    };
    assert_eq!(
        built("two words"),
        ConfigError::NoFieldName {
            field: "two words".into()
        }
    );
    assert_eq!(
        built("TraceParent"),
        ConfigError::OwnField {
            field: "TraceParent".into()
        }
    );
    assert!(built("").to_string().contains("name of a header"));
}

#[test]
fn the_budget_holds_and_baggage_goes_first() {
    let state = (0..32)
        .map(|i| format!("k{i}={}", "v".repeat(60)))
        .collect::<Vec<_>>()
        .join(",");
    let map = headers(&[("traceparent", parent("01")), ("tracestate", state.clone())]).unwrap();
    let cx = Propagator::new().extract_with_context(&Context::new(), &map);
    let members = (0..50).map(|i| KeyValue::new(format!("b{i}"), "v".repeat(60)));
    let cx = cx.with_baggage(members.collect::<Vec<_>>());
    let ids = Ids::empty()
        .with(&RequestId::generate())
        .with(&JobId::generate());
    let scope = Scope::new(cx, ids);

    let (mut states, mut baggages) = (Vec::new(), Vec::new());
    for budget in (200..8_000).step_by(50) {
        let propagator = Propagator::builder()
            .baggage(BaggageRule::all())
            .budget(budget)
            .build()
            .unwrap();
        let mut onward = HeaderMap::new();
        let ((), counts) = refused(|| propagator.inject_scope(&scope, &mut onward));
        assert!(bytes(&onward) <= budget, "{budget}");
        assert!(onward.contains_key("traceparent"));
        let sent_state = text(&onward, "tracestate").unwrap_or_default();
        let sent_baggage = text(&onward, "baggage").unwrap_or_default();
        let whole = sent_state == state;
        assert!(
            whole || sent_baggage.len() < 64,
            "{budget}: baggage before state"
        );
        assert!(
            state.starts_with(sent_state),
            "whole members, from the first on"
        );
        let has = |reason| counts.contains(&left_out(reason));
        assert_eq!(has("tracestate_budget"), !whole, "{budget}");
        assert_eq!(has("baggage_budget"), sent_baggage.split(',').count() < 50);
        states.push(sent_state.len());
        baggages.push(sent_baggage.len());
    }
    assert!(states.is_sorted() && states[0] == 0 && states[states.len() - 1] == state.len());
    assert_eq!(baggages[0], 0);
    assert!(3_000 < baggages[baggages.len() - 1]);
}

#[test]
fn of_a_state_its_long_members_go_first() {
    let long = format!("l={}", "v".repeat(200));
    let state = format!("a=1,{long},b=2");
    let map = headers(&[("traceparent", parent("01")), ("tracestate", state)]).unwrap();
    let small = Propagator::builder().budget(250).build().unwrap();
    let mut onward = HeaderMap::new();
    small.inject(&small.extract(&map), &mut onward);
    assert_eq!(text(&onward, "tracestate"), Some("a=1,b=2"));
}

#[test]
fn ids_without_room_are_left_out_and_counted() {
    let ids = Ids::empty().with(&RequestId::parse("r".repeat(128)).unwrap());
    let tiny = Propagator::builder().budget(200).build().unwrap();
    let mut onward = headers(&[("x-request-id", "stale")]).unwrap();
    let ((), counts) = refused(|| tiny.inject_scope(&Scope::new(cx(), ids), &mut onward));
    assert_eq!(onward.keys().collect::<Vec<_>>(), ["traceparent"]);
    assert_eq!(counts, [left_out("id_budget")]);
    let built = Propagator::builder().budget(100).build().unwrap_err();
    assert!(
        matches!(built, ConfigError::BudgetTooSmall { asked: 100, .. }),
        "{built}"
    );
}

#[test]
fn only_the_configured_ids_are_carried() {
    let map = headers(&[
        ("x-request-id", "r-1"),
        ("x-job-id", "j-1"),
        ("x-tenant-id", "t t"),
    ])
    .unwrap();
    let one = Propagator::builder().ids([Key::Job]).build().unwrap();
    let (scope, counts) = refused(|| one.extract_scope(&map));
    assert_eq!(scope.ids().iter().collect::<Vec<_>>(), [(Key::Job, "j-1")]);
    assert_eq!(counts, []);
    let all = Propagator::new().extract_scope(&map);
    assert_eq!(all.ids().iter().count(), 2);
    let mut onward = HeaderMap::new();
    one.inject_scope(&all, &mut onward);
    assert_eq!(onward.keys().collect::<Vec<_>>(), ["x-job-id"]);
}

#[test]
fn a_carrier_of_opentelemetry_gets_all_values_and_no_ids() {
    let propagator: &dyn TextMapPropagator = &Propagator::new();
    let mut carrier = HashMap::new();
    let ids = Ids::empty().with(&JobId::generate());
    ids.run(|| propagator.inject_context(&cx(), &mut carrier));
    assert_eq!(
        carrier,
        HashMap::from([("traceparent".to_owned(), parent("01"))])
    );
    let back = propagator.extract_with_context(&Context::new(), &carrier);
    assert!(back.span().span_context().is_remote());
}

#[test]
fn debug_names_what_is_configured() {
    let propagator = Propagator::builder()
        .baggage(BaggageRule::only(["tier"]))
        .ids([Key::Job])
        .beside(B3::new());
    let debug = format!("{:?}", propagator.build().unwrap());
    for part in ["W3c", "GrpcTraceBin", "tier", "4096", "Job", "b3"] {
        assert!(debug.contains(part), "{part}: {debug}");
    }
}
