//! The process's propagator, which is set once: in a process of its own.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use opentelemetry::baggage::BaggageExt;
use throughline_context::{BaggageRule, Propagator, Scope, extract, inject};
use throughline_correlation::Key;

#[test]
fn what_is_set_holds_for_everything_from_then_on_and_is_set_once() {
    let map = BTreeMap::from([
        ("baggage".to_owned(), "tier=gold,other=1".to_owned()),
        ("x-job-id".to_owned(), "j-1".to_owned()),
    ]);
    assert!(
        extract(&map).baggage().is_empty(),
        "closed until it is said"
    );

    let rule = BaggageRule::only(["tier"]);
    let service = Propagator::builder().baggage(rule).ids([Key::Job]);
    service.build().unwrap().set_global().unwrap();
    let again = Propagator::new().set_global().unwrap_err();
    assert!(again.to_string().contains("only once"));

    let cx = extract(&map);
    assert_eq!(cx.baggage().len(), 1);
    let mut onward = BTreeMap::new();
    inject(&cx, &mut onward);
    assert_eq!(onward["baggage"], "tier=gold");
    let mut onward = BTreeMap::new();
    Scope::extract(&map, Key::ALL).inject(&mut onward);
    assert_eq!(onward.keys().collect::<Vec<_>>(), ["baggage", "x-job-id"]);
    assert!(format!("{:?}", Propagator::global()).contains("tier"));
}
