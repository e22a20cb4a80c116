//! The cases of `tests/vectors/cases.txt`, in every carrier that can hold them.

use std::collections::{BTreeMap, HashMap};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{Context, propagation::TextMapPropagator};
use throughline_context::{
    AnnotationKeys, Annotations, BaggageRule, Environment, Extract, Fields, Propagator,
};

use crate::support::{SPAN, TRACE, parent};

const CASES: &str = include_str!("../vectors/cases.txt");

type Pairs = Vec<(&'static str, String)>;

/// `{x*3}` to `xxx`, and the letters that stand for ids.
fn filled(field: &str, text: &str) -> String {
    let mut text = text.replace("\\t", "\t");
    if field == "traceparent" {
        text = text
            .replace('T', TRACE)
            .replace('S', SPAN)
            .replace('P', &parent("01"));
    }
    while let Some((before, rest)) = text.split_once('{')
        && let Some((inner, after)) = rest.split_once('}')
        && let Some((what, count)) = inner.split_once('*')
    {
        text = format!("{before}{}{after}", what.repeat(count.parse().unwrap()));
    }
    text
}

fn pairs(side: &str) -> Pairs {
    let names = ["traceparent", "tracestate", "baggage", "grpc-trace-bin"];
    let pair = |text: &str| {
        let (name, value) = text.split_once(':').unwrap();
        let name = *names.iter().find(|known| **known == name).unwrap();
        // One space parts a name from its value; more belong to the value.
        (name, filled(name, value.strip_prefix(' ').unwrap_or(value)))
    };
    if side == "~" {
        return Vec::new();
    }
    side.split(" && ").map(pair).collect()
}

fn cases() -> impl Iterator<Item = (&'static str, Pairs, Pairs)> {
    CASES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# ") && *line != "#")
        .map(|line| {
            let [_, sent, onward] = line.split(" | ").collect::<Vec<_>>()[..] else {
                panic!("not a case: {line:?}")
            };
            (line, pairs(sent), pairs(onward.trim()))
        })
}

fn relay() -> Propagator {
    Propagator::builder()
        .baggage(BaggageRule::all())
        // What the longest of the cases needs.
        .budget(100_000)
        .build()
        .unwrap()
}

/// What goes on of what a carrier holds, by name.
fn onward(carrier: &impl Extract) -> Vec<(String, String)> {
    let cx = relay().extract_with_context(&Context::new(), carrier);
    let mut out = BTreeMap::new();
    relay().inject(&cx, &mut out);
    out.into_iter().collect()
}

#[test]
fn every_case_in_every_carrier() {
    let (mut count, mut single) = (0, 0);
    for (line, sent, expected) in cases() {
        count += 1;
        let mut expected: Vec<_> = expected
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        expected.sort();
        let check = |carrier: &str, seen: Vec<(String, String)>| {
            assert_eq!(seen, expected, "{carrier}: {line}");
        };

        let mut headers = HeaderMap::new();
        for (name, value) in &sent {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        check("HeaderMap", onward(&headers));
        #[cfg(feature = "tonic")]
        check(
            "MetadataMap",
            onward(&tonic::metadata::MetadataMap::from_headers(headers.clone())),
        );
        let bytes: Vec<(String, Vec<u8>)> = sent
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()))
            .collect();
        check("pairs", onward(&bytes));
        check("slice", onward(&Slice(&bytes)));
        #[cfg(feature = "json")]
        {
            let mut object = serde_json::Map::new();
            for (name, value) in &sent {
                let values = object
                    .entry(*name)
                    .or_insert_with(|| Vec::<String>::new().into());
                values.as_array_mut().unwrap().push(value.as_str().into());
            }
            check("JSON, arrays", onward(&object));
        }
        check("TextMapPropagator", through_opentelemetry(&headers));

        // What follows holds one value for each name.
        let tree: BTreeMap<String, String> = sent
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        if tree.len() < sent.len() {
            continue;
        }
        single += 1;
        check("BTreeMap", onward(&tree));
        check(
            "HashMap",
            onward(&tree.clone().into_iter().collect::<HashMap<_, _>>()),
        );
        check("annotations", onward(&Annotations::new(&tree)));
        let mut long = BTreeMap::new();
        for (name, value) in &sent {
            let mut annotations =
                Annotations::new(&mut long).written_as(AnnotationKeys::Kubernetes);
            throughline_context::Inject::set(&mut annotations, name, value);
        }
        check(
            "annotations of Kubernetes",
            onward(&Annotations::new(&long)),
        );
        let mut fields = Fields::new();
        for (name, value) in &sent {
            throughline_context::Inject::set(&mut fields, name, value);
        }
        check("fields", onward(&fields));
        #[cfg(feature = "json")]
        {
            let object = tree.iter().map(|(k, v)| (k.clone(), v.as_str().into()));
            check("JSON", onward(&object.collect::<serde_json::Map<_, _>>()));
        }
        if !tree.contains_key("grpc-trace-bin") {
            let lookup = |name: &str| tree.get(&name.to_lowercase()).cloned();
            check("environment", onward(&Environment::from_lookup(lookup)));
        }
    }
    assert!(150 <= count, "only {count} cases");
    assert!(100 <= single, "only {single} cases of one value");
}

/// An unsized carrier, through a reference.
struct Slice<'a>(&'a [(String, Vec<u8>)]);

impl Extract for Slice<'_> {
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8])) {
        Extract::values(self.0, name, each);
    }
}

/// By OpenTelemetry's interface alone, over a carrier of its kind.
fn through_opentelemetry(headers: &HeaderMap) -> Vec<(String, String)> {
    let relay = relay();
    let relay: &dyn TextMapPropagator = &relay;
    let cx = relay.extract_with_context(&Context::new(), &Headers(headers));
    let mut out = HashMap::new();
    relay.inject_context(&cx, &mut out);
    let mut out: Vec<_> = out.into_iter().collect();
    out.sort();
    out
}

struct Headers<'a>(&'a HeaderMap);

impl opentelemetry::propagation::Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let values: Vec<_> = self
            .0
            .get_all(key)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .collect();
        (!values.is_empty()).then_some(values)
    }
}
