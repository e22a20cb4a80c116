//! A recorder of one test, and the families that most tests count in.

use std::collections::BTreeMap;
use std::sync::Mutex;

use metrics::LocalRecorderGuard;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use throughline_catalog::catalog;
use throughline_grpc::{ClientLayer, Code, Method, Outcome, ServerLayer};

catalog! { pub(crate) mod rpc, budget 200_000;
    /// Calls answered.
    counter rpc_server_calls_total { method: Method, code: Code, outcome: Outcome };
    /// Time to the end of an answer.
    histogram rpc_server_duration_seconds { method: Method, outcome: Outcome } buckets [0.01, 1.0];
    /// Calls being answered.
    gauge rpc_server_calls_in_flight {};
    /// Calls made.
    counter rpc_client_calls_total { method: Method, code: Code, outcome: Outcome };
    /// Time to the end of a call.
    histogram rpc_client_duration_seconds { method: Method, outcome: Outcome } buckets [0.01, 1.0];
    /// Calls being made.
    gauge rpc_client_calls_in_flight {};
}

/// A layer that counts in the families above.
pub(crate) fn server() -> ServerLayer {
    ServerLayer::new()
        .total(rpc::rpc_server_calls_total)
        .duration(rpc::rpc_server_duration_seconds)
        .in_flight(rpc::rpc_server_calls_in_flight)
}

/// A layer that counts in the families above.
pub(crate) fn client() -> ClientLayer {
    ClientLayer::new()
        .total(rpc::rpc_client_calls_total)
        .duration(rpc::rpc_client_duration_seconds)
        .in_flight(rpc::rpc_client_calls_in_flight)
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
            let key = key.key();
            let labels: Vec<_> = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(level) => level.into_inner(),
                DebugValue::Histogram(samples) => samples.len() as f64,
            };
            let series = format!("{}{{{}}}", key.name(), labels.join(","));
            *sums.entry(series).or_default() += value;
        }
        sums.clone()
    }

    /// Checks that exactly one call was counted at this side, and none is in flight.
    #[track_caller]
    pub(crate) fn assert_one(&self, side: &str, method: &str, code: &str, outcome: &str) {
        self.assert_all(side, &[(method, code, outcome)]);
    }

    /// Checks that exactly these calls were counted at this side, and none is in flight.
    #[track_caller]
    pub(crate) fn assert_all(&self, side: &str, calls: &[(&str, &str, &str)]) {
        let prefix = format!("rpc_{side}_");
        let mut expected = BTreeMap::new();
        for (method, code, outcome) in calls {
            let total =
                format!("{prefix}calls_total{{method={method},code={code},outcome={outcome}}}");
            let duration = format!("{prefix}duration_seconds{{method={method},outcome={outcome}}}");
            *expected.entry(total).or_default() += 1.0;
            *expected.entry(duration).or_default() += 1.0;
        }
        expected.insert(format!("{prefix}calls_in_flight{{}}"), 0.0);
        let mut counted = self.read();
        counted.retain(|series, _| series.starts_with(&prefix));
        assert_eq!(counted, expected);
    }
}
