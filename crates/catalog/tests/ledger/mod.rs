//! A recorder that keeps exact totals in atomics, so that recording allocates nothing and reading
//! changes nothing.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

#[derive(Clone, Default)]
pub struct Ledger(Arc<Inner>);

#[derive(Default)]
struct Inner {
    series: Mutex<BTreeMap<String, Arc<Series>>>,
    descriptions: Mutex<Vec<(String, Option<Unit>, String)>>,
    registrations: AtomicU64,
}

#[derive(Default)]
struct Series {
    count: AtomicU64,
    sum: AtomicU64,
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.increment(value);
    }
}

impl metrics::CounterFn for Series {
    fn increment(&self, value: u64) {
        self.count.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.count.fetch_max(value, Ordering::Relaxed);
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.sum.increment(value);
    }

    fn decrement(&self, value: f64) {
        self.sum.decrement(value);
    }

    fn set(&self, value: f64) {
        self.sum.set(value);
    }
}

impl Ledger {
    /// What `f` records on this thread.
    pub fn of(f: impl FnOnce()) -> Self {
        let ledger = Self::default();
        metrics::with_local_recorder(&ledger, f);
        ledger
    }

    /// A counter's value or a histogram's number of samples, by `name{label=value,…}`.
    #[track_caller]
    pub fn count(&self, series: &str) -> u64 {
        self.find(series).count.load(Ordering::Relaxed)
    }

    /// A gauge's value or a histogram's sum.
    #[track_caller]
    pub fn sum(&self, series: &str) -> f64 {
        f64::from_bits(self.find(series).sum.load(Ordering::Relaxed))
    }

    /// The names of all series, in order.
    pub fn series(&self) -> Vec<String> {
        self.0
            .series
            .lock()
            .expect("no test panics here")
            .keys()
            .cloned()
            .collect()
    }

    /// What has been described, in order: name, unit, help.
    pub fn descriptions(&self) -> Vec<(String, Option<Unit>, String)> {
        self.0
            .descriptions
            .lock()
            .expect("no test panics here")
            .clone()
    }

    /// How often a handle was asked for.
    pub fn registrations(&self) -> u64 {
        self.0.registrations.load(Ordering::Relaxed)
    }

    #[track_caller]
    fn find(&self, series: &str) -> Arc<Series> {
        let all = self.0.series.lock().expect("no test panics here");
        all.get(series)
            .cloned()
            .unwrap_or_else(|| panic!("no {series} in {:?}", all.keys()))
    }

    fn register(&self, key: &Key) -> Arc<Series> {
        self.0.registrations.fetch_add(1, Ordering::Relaxed);
        let labels: Vec<String> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let series = if labels.is_empty() {
            key.name().to_owned()
        } else {
            format!("{}{{{}}}", key.name(), labels.join(","))
        };
        self.0
            .series
            .lock()
            .expect("no test panics here")
            .entry(series)
            .or_default()
            .clone()
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>, help: &SharedString) {
        let description = (name.as_str().to_owned(), unit, help.to_string());
        self.0
            .descriptions
            .lock()
            .expect("no test panics here")
            .push(description);
    }
}

impl Recorder for Ledger {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(&name, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.register(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.register(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.register(key))
    }
}
