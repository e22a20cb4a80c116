//! A recorder that keeps exact totals in atomics: reading it changes nothing, and nothing is ever
//! drained.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Series>>);

#[derive(Debug, Default)]
struct Series {
    counters: BTreeMap<String, Arc<AtomicU64>>,
    gauges: BTreeMap<String, Arc<AtomicU64>>,
    histograms: BTreeMap<String, Arc<Samples>>,
}

/// How many samples a histogram has had.
#[derive(Debug, Default)]
struct Samples(AtomicU64);

impl HistogramFn for Samples {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Ledger {
    /// The counters of a family, by their labels as `label=value,…`.
    pub fn counters(&self, family: &str) -> BTreeMap<String, u64> {
        let read = |count: &Arc<AtomicU64>| count.load(Ordering::Relaxed);
        labelled(&self.lock().counters, family, read)
    }

    /// The gauges of a family, by their labels.
    pub fn gauges(&self, family: &str) -> BTreeMap<String, f64> {
        let read = |level: &Arc<AtomicU64>| f64::from_bits(level.load(Ordering::Relaxed));
        labelled(&self.lock().gauges, family, read)
    }

    /// How many samples the histograms of a family have, by their labels.
    pub fn samples(&self, family: &str) -> BTreeMap<String, u64> {
        let read = |samples: &Arc<Samples>| samples.0.load(Ordering::Relaxed);
        labelled(&self.lock().histograms, family, read)
    }

    /// How many series there are, of all families.
    pub fn series(&self) -> usize {
        let Series {
            counters,
            gauges,
            histograms,
        } = &*self.lock();
        counters.len() + gauges.len() + histograms.len()
    }

    fn lock(&self) -> MutexGuard<'_, Series> {
        self.0.lock().expect("nothing panics while it is locked")
    }
}

fn labelled<T, V>(
    series: &BTreeMap<String, T>,
    family: &str,
    read: impl Fn(&T) -> V,
) -> BTreeMap<String, V> {
    let own = series.iter().filter_map(|(name, value)| {
        let labels = name.strip_prefix(family)?.strip_prefix('{')?;
        Some((labels.strip_suffix('}')?.to_owned(), read(value)))
    });
    own.collect()
}

fn name(key: &Key) -> String {
    let labels = key.labels();
    let labels: Vec<_> = labels
        .map(|label| format!("{}={}", label.key(), label.value()))
        .collect();
    format!("{}{{{}}}", key.name(), labels.join(","))
}

impl Recorder for Ledger {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.lock().counters.entry(name(key)).or_default().clone())
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.lock().gauges.entry(name(key)).or_default().clone())
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let mut series = self.lock();
        Histogram::from_arc(series.histograms.entry(name(key)).or_default().clone())
    }
}
