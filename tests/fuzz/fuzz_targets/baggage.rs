//! `baggage`: a header value for each line.
#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use opentelemetry::{Context, baggage::BaggageExt};
use throughline_context::{BaggageList, BaggageRule, Propagator};

static ALL: LazyLock<Propagator> = LazyLock::new(|| {
    let all = Propagator::builder().baggage(BaggageRule::all());
    all.budget(20_000).build().expect("nothing is wrong with it")
});

fuzz_target!(|data: &[u8]| {
    let list = BaggageList::parse(data.split(|b| *b == b'\n'));
    assert!(list.len() <= 64 && list.as_str().len() <= 8_192);
    assert!(list.as_str().bytes().all(|b| matches!(b, b'!'..=b'~')));
    let again = BaggageList::parse([list.as_str().as_bytes()]);
    assert_eq!(again, list);
    let joined: Vec<_> = list.iter().map(|member| member.as_str()).collect();
    assert_eq!(joined.join(","), list.as_str());

    let mut headers = HeaderMap::new();
    for line in data.split(|b| *b == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        headers.append("baggage", value);
    }
    let all = &*ALL;
    let cx = all.extract_with_context(&Context::new(), &headers);
    assert_eq!(cx.baggage().len(), list.len());
    for member in list.iter() {
        let (value, properties) = cx
            .baggage()
            .get_with_metadata(member.key())
            .expect("it is there");
        assert_eq!(value.as_str(), member.value());
        assert_eq!(properties.as_str(), member.properties());
    }
    let mut onward = HeaderMap::new();
    all.inject(&cx, &mut onward);
    match onward.get("baggage") {
        Some(sent) => assert_eq!(sent.as_bytes(), list.as_str().as_bytes()),
        None => assert!(list.is_empty()),
    }

    // As if this process had made it: encoded anew, and read as the same.
    let made: Vec<_> = list
        .iter()
        .map(|m| {
            let (key, value) = (m.key().to_owned(), m.value().into_owned());
            opentelemetry::baggage::KeyValueMetadata::new(key, value, m.properties())
        })
        .collect();
    let cx = Context::new().with_baggage(made);
    let mut onward = HeaderMap::new();
    all.inject(&cx, &mut onward);
    let sent = onward.get("baggage").map(HeaderValue::as_bytes);
    for member in BaggageList::parse(sent).iter() {
        let original = list
            .iter()
            .find(|m| m.key() == member.key())
            .expect("nothing is invented");
        assert_eq!(original.value(), member.value());
        assert_eq!(original.properties(), member.properties());
    }
});
