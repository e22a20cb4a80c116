//! What the tests share: carriers, a count of what was refused, a tracer.

use std::collections::{BTreeMap, HashMap};

use http::{HeaderMap, HeaderName, HeaderValue};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use opentelemetry::{
    Context,
    trace::{TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use throughline_context::Inject;

pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(crate) const SPAN: &str = "b7ad6b7169203331";

/// A valid parent with these flags.
pub(crate) fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{SPAN}-{flags}")
}

/// A header map of these pairs, in order; `None` if a value cannot be a header's.
pub(crate) fn headers<V: AsRef<[u8]>>(pairs: &[(&'static str, V)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_bytes(value.as_ref()).ok()?;
        map.append(HeaderName::from_static(name), value);
    }
    Some(map)
}

/// What `cx` writes to an empty header map.
pub(crate) fn injected(cx: &Context) -> HeaderMap {
    let mut map = HeaderMap::new();
    throughline_context::inject(cx, &mut map);
    map
}

pub(crate) fn text<'a>(map: &'a HeaderMap, name: &str) -> Option<&'a str> {
    assert!(map.get_all(name).iter().count() <= 1, "{map:?}");
    map.get(name).map(|value| value.to_str().unwrap())
}

/// The same carrier as each kind of map that may hold it.
pub(crate) fn maps(pairs: &[(&str, &str)]) -> (BTreeMap<String, String>, HashMap<String, String>) {
    let owned = || {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    };
    (owned().collect(), owned().collect())
}

/// What was refused while `f` ran: the labels of the series, and how often.
pub(crate) fn refused<R>(f: impl FnOnce() -> R) -> (R, Vec<(String, u64)>) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let result = metrics::with_local_recorder(&recorder, f);
    let mut counts: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let DebugValue::Counter(n) = value else {
                panic!("{key:?} is {value:?}")
            };
            let key = key.key();
            let labels: Vec<_> = key.labels().map(|l| l.value().to_owned()).collect();
            (format!("{} {}", key.name(), labels.join(" ")), n)
        })
        .collect();
    counts.sort();
    (result, counts)
}

/// The series of a refused part of a context.
pub(crate) fn part(reason: &str) -> (String, u64) {
    (format!("throughline_context_rejected_total {reason}"), 1)
}

/// The series of what was left out on the way out.
pub(crate) fn left_out(reason: &str) -> (String, u64) {
    (format!("throughline_context_left_out_total {reason}"), 1)
}

/// `parent` with a local span under it.
pub(crate) fn local_span(parent: &Context, sampler: Sampler) -> Context {
    let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
    let span = provider.tracer("test").start_with_context("local", parent);
    parent.with_span(span)
}

/// Enters a context in the middle of an injection, as a carrier that logs might.
pub(crate) struct Entering(pub(crate) HeaderMap);

impl throughline_context::Extract for Entering {
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8])) {
        let _entered = Context::new().attach();
        throughline_context::Extract::values(&self.0, name, each);
    }
}

impl Inject for Entering {
    fn set(&mut self, name: &'static str, value: &str) {
        let _entered = Context::new().attach();
        self.0.set(name, value);
    }

    fn remove(&mut self, name: &'static str) {
        Inject::remove(&mut self.0, name);
    }
}
