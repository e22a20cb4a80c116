//! The kit's own recorder: exact, and changed by no look at it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    counters: BTreeMap<Key, Arc<AtomicU64>>,
    gauges: BTreeMap<Key, Arc<AtomicU64>>,
    histograms: BTreeMap<Key, Arc<Samples>>,
}

/// How many samples a histogram has had.
#[derive(Debug, Default)]
struct Samples(AtomicU64);

impl HistogramFn for Samples {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What is counted at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    /// Requests by the value of the outcome's label; by nothing, if there is none.
    pub(super) by_outcome: BTreeMap<String, u64>,
    pub(super) in_flight: f64,
}

impl Counted {
    pub(super) fn total(&self) -> u64 {
        self.by_outcome.values().sum()
    }
}

impl Tally {
    /// The requests of a family of counters, or of histograms, and what a family of gauges shows.
    pub(super) fn read(&self, total: &str, outcome: Option<&str>, gauge: Option<&str>) -> Counted {
        let all = self.lock();
        let counters = all.counters.iter().map(|(key, count)| (key, &**count));
        let histograms = all
            .histograms
            .iter()
            .map(|(key, samples)| (key, &samples.0));
        let mut counted = Counted::default();
        for (key, count) in counters.chain(histograms) {
            if key.name() == total {
                let value = key.labels().find(|label| Some(label.key()) == outcome);
                let value = value.map_or_else(String::new, |label| label.value().to_owned());
                *counted.by_outcome.entry(value).or_default() += count.load(Ordering::Relaxed);
            }
        }
        for (key, level) in &all.gauges {
            if Some(key.name()) == gauge {
                counted.in_flight += f64::from_bits(level.load(Ordering::Relaxed));
            }
        }
        counted
    }

    /// Whether anything is counted under this name.
    pub(super) fn knows(&self, family: &str) -> bool {
        self.series()
            .iter()
            .any(|series| series.split('{').next() == Some(family))
    }

    /// Every series as `name{label=value,…}`.
    pub(super) fn series(&self) -> BTreeSet<String> {
        let all = self.lock();
        let keys = all.counters.keys().chain(all.gauges.keys());
        keys.chain(all.histograms.keys()).map(named).collect()
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(key: &Key) -> String {
    let labels = key.labels();
    let labels: Vec<_> = labels
        .map(|label| format!("{}={}", label.key(), label.value()))
        .collect();
    format!("{}{{{}}}", key.name(), labels.join(","))
}

impl Recorder for Tally {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.lock().counters.entry(key.clone()).or_default().clone())
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.lock().gauges.entry(key.clone()).or_default().clone())
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(
            self.lock()
                .histograms
                .entry(key.clone())
                .or_default()
                .clone(),
        )
    }
}
