//! Baggage in a context: what crosses, and what this process makes of it.

use http::HeaderMap;
use opentelemetry::{
    Context, KeyValue,
    baggage::{Baggage, BaggageExt, KeyValueMetadata},
};
use throughline_context::{BaggageList, BaggageRule, ConfigError, Propagator};

use crate::support::{headers, left_out, part, refused, text};

fn propagator(rule: BaggageRule) -> Propagator {
    Propagator::builder().baggage(rule).build().unwrap()
}

fn sent(propagator: &Propagator, cx: &Context) -> Option<String> {
    let mut map = headers(&[("baggage", "stale=1")]).unwrap();
    propagator.inject(cx, &mut map);
    text(&map, "baggage").map(str::to_owned)
}

fn arrived(propagator: &Propagator, value: &str) -> Context {
    propagator.extract_with_context(&Context::new(), &headers(&[("baggage", value)]).unwrap())
}

#[test]
fn nothing_crosses_unless_it_is_listed() {
    let header = "tier=gold;ttl=60,secret-plan=x,city=K%C3%B6ln";
    for (rule, onward) in [
        (BaggageRule::none(), None),
        (BaggageRule::only(["tier"]), Some("tier=gold;ttl=60")),
        (
            BaggageRule::only(["city", "tier"]),
            Some("tier=gold;ttl=60,city=K%C3%B6ln"),
        ),
        (BaggageRule::only(["Tier"]), None),
        (BaggageRule::all(), Some(header)),
    ] {
        let propagator = propagator(rule.clone());
        let (cx, counts) = refused(|| arrived(&propagator, header));
        assert_eq!(cx.baggage().is_empty(), onward.is_none(), "{rule:?}");
        assert_eq!(sent(&propagator, &cx).as_deref(), onward, "{rule:?}");
        assert_eq!(counts, [], "what is not listed is no fault of the caller's");
    }
}

#[test]
fn both_directions_may_differ() {
    let inward = Propagator::builder()
        .accept_baggage(BaggageRule::only(["tier"]))
        .build()
        .unwrap();
    let cx = arrived(&inward, "tier=gold");
    assert_eq!(cx.baggage().get("tier").unwrap().as_str(), "gold");
    assert_eq!(sent(&inward, &cx), None);
}

#[test]
fn opentelemetry_reads_what_came_and_what_it_changes_is_sent() {
    let all = propagator(BaggageRule::all());
    let cx = arrived(&all, "b=%FF,a=1;p=q,c=K%C3%B6ln");
    let (value, metadata) = cx.baggage().get_with_metadata("a").unwrap();
    assert_eq!((value.as_str(), metadata.as_str()), ("1", "p=q"));
    assert_eq!(cx.baggage().get("c").unwrap().as_str(), "Köln");
    // What cannot be decoded is relayed as it came all the same.
    assert_eq!(cx.baggage().get("b").unwrap().as_str(), "\u{fffd}");
    assert_eq!(sent(&all, &cx).unwrap(), "b=%FF,a=1;p=q,c=K%C3%B6ln");

    let mut mine: Baggage = cx
        .baggage()
        .iter()
        .filter(|(key, _)| key.as_str() != "b")
        .map(|(key, (value, metadata))| {
            KeyValueMetadata::new(key.clone(), value.clone(), metadata.as_str())
        })
        .collect();
    mine.insert("c", "Bonn am Rhein");
    mine.insert("z", "last, but; one");
    mine.insert("d", "");
    let cx = cx.with_baggage(mine);
    assert_eq!(
        sent(&all, &cx).unwrap(),
        "a=1;p=q,c=Bonn%20am%20Rhein,d=,z=last%2C%20but%3B%20one"
    );
    assert_eq!(sent(&all, &cx.with_cleared_baggage()), None);
}

#[test]
fn properties_that_no_header_may_have_stay_here() {
    let all = propagator(BaggageRule::all());
    for bad in ["a b", "p=1,x=2", "p\r\nx-admin: 1", "p=\"q\"", "=q", "ä"] {
        let cx = Context::new().with_baggage([KeyValueMetadata::new("k", "v", bad)]);
        let (onward, counts) = refused(|| sent(&all, &cx));
        assert_eq!(onward.as_deref(), Some("k=v"), "{bad:?}");
        assert_eq!(counts, [left_out("baggage_properties")]);
    }
    let cx = Context::new().with_baggage([KeyValueMetadata::new("k", "v", "p = q ;r")]);
    assert_eq!(sent(&all, &cx).as_deref(), Some("k=v;p=q;r"));
}

#[test]
fn each_fault_of_a_list_is_counted_once() {
    let many = (0..70).map(|i| format!("k{i}=v")).collect::<Vec<_>>();
    let many = many.join(",");
    let long = format!("a={},b={}", "v".repeat(8_000), "v".repeat(8_000));
    for (header, reason) in [
        ("a,b,c=1", "baggage_malformed"),
        (&many, "baggage_too_many"),
        (&long, "baggage_too_long"),
    ] {
        let (cx, counts) = refused(|| arrived(&propagator(BaggageRule::all()), header));
        assert!(!cx.baggage().is_empty());
        assert_eq!(counts, [part(reason)]);
    }
}

#[test]
fn what_is_not_wanted_does_not_count_against_the_limits() {
    let mut header = (0..100)
        .map(|i| format!("k{i}=v"))
        .collect::<Vec<_>>()
        .join(",");
    header.push_str(",tier=gold");
    let one = propagator(BaggageRule::only(["tier"]));
    let (cx, counts) = refused(|| arrived(&one, &header));
    assert_eq!(cx.baggage().len(), 1);
    assert_eq!(counts, []);
}

#[test]
fn a_list_of_nothing_but_faults_is_given_up() {
    let header = format!("{}tier=gold", "a,".repeat(10_000));
    let (cx, counts) = refused(|| arrived(&propagator(BaggageRule::all()), &header));
    assert!(cx.baggage().is_empty());
    assert_eq!(
        counts,
        [part("baggage_malformed"), part("baggage_too_many")]
    );
}

#[test]
fn an_outer_scopes_baggage_stays_where_the_caller_sent_none() {
    let all = propagator(BaggageRule::all());
    let outer = Context::new().with_baggage([KeyValue::new("a", "1")]);
    let cx = all.extract_with_context(&outer, &HeaderMap::new());
    assert_eq!(sent(&all, &cx).as_deref(), Some("a=1"));
}

#[test]
fn an_allowlist_with_a_secret_or_no_key_is_not_built() {
    for key in [
        "api-token",
        "Authorization",
        "session_cookie",
        "dbPassword",
        "x-api-key",
        "JWT",
    ] {
        let built = Propagator::builder()
            .baggage(BaggageRule::only([key]))
            .build();
        assert_eq!(
            built.unwrap_err(),
            ConfigError::SecretInBaggage { key: key.into() }
        );
    }
    for key in ["", "two words", "a,b", "ä"] {
        let built = Propagator::builder()
            .send_baggage(BaggageRule::only([key]))
            .build();
        assert_eq!(
            built.unwrap_err(),
            ConfigError::NoBaggageKey { key: key.into() }
        );
    }
}

#[test]
fn no_value_is_printed_by_debug() {
    let list = BaggageList::parse([b"a=hidden;p=hidden".as_slice()]);
    assert_eq!(format!("{list:?}"), r#"{"a"}"#);
    let member = list.iter().next().unwrap();
    assert!(!format!("{member:?}").contains("hidden"));
    assert_eq!((list.len(), list.is_empty()), (1, false));
}
