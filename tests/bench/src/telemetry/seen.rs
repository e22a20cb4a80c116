//! What arrived at the far ends: spans, lines, samples.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use metrics_exporter_prometheus::PrometheusHandle;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Histogram, MetricData, ResourceMetrics};

use super::{LOG_BYTES, LOG_LINES, METERS, RECORDER, SPANS, UNSAMPLED, tally};

/// Observations in each stream of the last export; none for what is no histogram.
static STREAMS: Mutex<BTreeMap<String, Option<u64>>> = Mutex::new(BTreeMap::new());

pub(super) fn exported(metrics: &ResourceMetrics) {
    fn count<T>(histogram: &Histogram<T>) -> u64 {
        histogram.data_points().map(|point| point.count()).sum()
    }
    let mut streams = STREAMS.lock().expect("nobody panicked");
    for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
        let observed = match metric.data() {
            AggregatedMetrics::F64(MetricData::Histogram(of)) => Some(count(of)),
            AggregatedMetrics::U64(MetricData::Histogram(of)) => Some(count(of)),
            _ => None,
        };
        streams.insert(metric.name().to_owned(), observed);
    }
}

/// All that was seen so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// Things that are counted: spans, lines, counters, observations of histograms.
    counts: BTreeMap<String, f64>,
    /// Things that stand at a value: gauges.
    states: BTreeMap<String, f64>,
    series: usize,
}

impl Seen {
    pub fn now() -> Self {
        let mut seen = Self::default();
        for (name, count) in [
            ("spans", &SPANS),
            ("spans not sampled", &UNSAMPLED),
            ("log lines", &LOG_LINES),
            ("log bytes", &LOG_BYTES),
            ("counter calls", &tally::COUNTERS),
            ("gauge calls", &tally::GAUGES),
            ("histogram calls", &tally::HISTOGRAMS),
        ] {
            seen.counts.insert(name.into(), count.load(Relaxed) as f64);
        }
        if let Some(meters) = METERS.get() {
            meters.force_flush().expect("the exporter takes all");
        }
        for (name, observed) in &*STREAMS.lock().expect("nobody panicked") {
            seen.series += 1;
            let observed = observed.unwrap_or(0) as f64;
            seen.counts.insert(format!("`{name}`"), observed);
        }
        let page = RECORDER.get().map(PrometheusHandle::render);
        seen.read(&page.unwrap_or_default());
        seen.read(&tonic_prometheus_layer::metrics::encode_to_string().unwrap_or_default());
        seen
    }

    /// Reads a page in Prometheus' text format.
    fn read(&mut self, page: &str) {
        let mut kinds = BTreeMap::new();
        for line in page.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                kinds.extend(kind.split_once(' '));
            }
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let name = series.split('{').next().unwrap_or(series);
            if line.starts_with('#') || name.ends_with("_bucket") || name.ends_with("_sum") {
                continue;
            }
            self.series += 1;
            let value = value.parse::<f64>().unwrap_or(0.0);
            let values = match kinds.get(name) {
                Some(&"gauge") => &mut self.states,
                _ => &mut self.counts,
            };
            *values.entry(format!("`{name}`")).or_default() += value;
        }
    }

    /// What has come since, for each of `requests`.
    pub fn since(&self, before: &Self, requests: usize) -> Vec<String> {
        let mut shown = Vec::new();
        for (name, count) in &self.counts {
            let more = count - before.counts.get(name).unwrap_or(&0.0);
            if more != 0.0 {
                shown.push(format!("{name} {:.2}", more / requests as f64));
            }
        }
        if !shown.is_empty() {
            let states = self.states.iter();
            shown.extend(states.map(|(name, value)| format!("{name} now {value}")));
            if self.series != 0 {
                shown.push(format!("{} series", self.series));
            }
        }
        shown
    }
}
