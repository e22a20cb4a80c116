//! A recorder of one test, and the families that most tests count in.

use std::collections::BTreeMap;
use std::sync::Mutex;

use metrics::{Key, LocalRecorderGuard};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use throughline_catalog::catalog;
use throughline_http::{Method, Outcome, ServerLayer, Status, route_label};

route_label! {
    /// The endpoints of all tests here.
    pub(crate) struct Endpoint: Capped<32>;
}

catalog! { pub(crate) mod shop, budget 200_000;
    /// Requests served.
    counter shop_requests_total {
        method: Method, endpoint: Endpoint, status: Status, outcome: Outcome,
    };
    /// Time to the end of the response.
    histogram shop_request_duration_seconds { endpoint: Endpoint, outcome: Outcome }
        buckets [0.01, 1.0];
    /// Requests being served.
    gauge shop_requests_in_flight { method: Method };
}

/// A layer that counts in the families above.
pub(crate) fn layer() -> ServerLayer {
    ServerLayer::new()
        .total(shop::shop_requests_total)
        .duration(shop::shop_request_duration_seconds)
        .in_flight(shop::shop_requests_in_flight)
}

/// A series as `name{label=value}`.
pub(crate) fn series(key: &Key) -> String {
    let labels = key.labels();
    let labels: Vec<_> = labels
        .map(|label| format!("{}={}", label.key(), label.value()))
        .collect();
    format!("{}{{{}}}", key.name(), labels.join(","))
}

/// A recorder that is current on this thread until a [`Ledger::open`]'s guard is dropped.
pub(crate) struct Ledger {
    recorder: DebuggingRecorder,
    snapshotter: Snapshotter,
    sums: Mutex<BTreeMap<String, f64>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        Self {
            recorder,
            snapshotter,
            sums: Mutex::default(),
        }
    }

    pub(crate) fn open(&self) -> LocalRecorderGuard<'_> {
        metrics::set_default_local_recorder(&self.recorder)
    }

    /// Each series by its name and labels, with its count, its level, or how many samples it has.
    pub(crate) fn read(&self) -> BTreeMap<String, f64> {
        let mut sums = self.sums.lock().expect("reading does not panic");
        // A snapshot takes what it shows away, gauges included.
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(level) => level.into_inner(),
                DebugValue::Histogram(samples) => samples.len() as f64,
            };
            *sums.entry(series(key.key())).or_default() += value;
        }
        sums.clone()
    }

    /// Each histogram's series by its name and labels, with its samples since the last look.
    pub(crate) fn samples(&self) -> BTreeMap<String, Vec<f64>> {
        let mut samples = BTreeMap::new();
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            if let DebugValue::Histogram(seen) = value {
                let seen = seen.into_iter().map(|sample| sample.into_inner()).collect();
                samples.insert(series(key.key()), seen);
            }
        }
        samples
    }

    /// Checks that exactly one request was counted, with these labels, and none is in flight.
    #[track_caller]
    pub(crate) fn assert_one(&self, method: &str, endpoint: &str, status: u16, outcome: &str) {
        self.assert_all(&[(method, endpoint, status, outcome)]);
    }

    /// Checks that exactly these requests were counted, and none is in flight.
    #[track_caller]
    pub(crate) fn assert_all(&self, requests: &[(&str, &str, u16, &str)]) {
        let mut expected = BTreeMap::new();
        for (method, endpoint, status, outcome) in requests {
            let total = format!(
                "shop_requests_total{{method={method},endpoint={endpoint},status={status},outcome={outcome}}}"
            );
            let duration =
                format!("shop_request_duration_seconds{{endpoint={endpoint},outcome={outcome}}}");
            *expected.entry(total).or_default() += 1.0;
            *expected.entry(duration).or_default() += 1.0;
            expected.insert(format!("shop_requests_in_flight{{method={method}}}"), 0.0);
        }
        let mut counted = self.read();
        counted.retain(|series, _| series.starts_with("shop_"));
        assert_eq!(counted, expected);
    }
}
