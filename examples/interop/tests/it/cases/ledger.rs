//! A recorder of one test, and the families that both of our sides count in.

use std::{collections::BTreeMap, sync::Mutex};

use metrics::LocalRecorderGuard;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use throughline_catalog::catalog;
use throughline_grpc::{ClientLayer, Code, Counted, Method, Outcome, ServerLayer};

use crate::harness::LONG;

catalog! { pub(crate) mod rpc, budget 200_000;
    /// Calls answered.
    counter rpc_server_calls_total { method: Method, code: Code, outcome: Outcome };
    /// Calls being answered.
    gauge rpc_server_calls_in_flight {};
    /// Messages received.
    counter rpc_server_messages_received_total {};
    /// Messages sent.
    counter rpc_server_messages_sent_total {};
    /// Their bytes.
    counter rpc_server_received_bytes_total {};
    /// Their bytes.
    counter rpc_server_sent_bytes_total {};
    /// Calls made.
    counter rpc_client_calls_total { method: Method, code: Code, outcome: Outcome };
    /// Calls being made.
    gauge rpc_client_calls_in_flight {};
    /// Messages received.
    counter rpc_client_messages_received_total {};
    /// Messages sent.
    counter rpc_client_messages_sent_total {};
    /// Their bytes.
    counter rpc_client_received_bytes_total {};
    /// Their bytes.
    counter rpc_client_sent_bytes_total {};
}

/// A layer that counts in the families above, and traces.
pub(crate) fn server() -> ServerLayer<Counted> {
    ServerLayer::new()
        .total(rpc::rpc_server_calls_total)
        .in_flight(rpc::rpc_server_calls_in_flight)
        .messages_received(rpc::rpc_server_messages_received_total)
        .messages_sent(rpc::rpc_server_messages_sent_total)
        .bytes_received(rpc::rpc_server_received_bytes_total)
        .bytes_sent(rpc::rpc_server_sent_bytes_total)
        .trace()
}

/// A layer that counts in the families above, and traces.
pub(crate) fn client() -> ClientLayer<Counted> {
    ClientLayer::new()
        .total(rpc::rpc_client_calls_total)
        .in_flight(rpc::rpc_client_calls_in_flight)
        .messages_received(rpc::rpc_client_messages_received_total)
        .messages_sent(rpc::rpc_client_messages_sent_total)
        .bytes_received(rpc::rpc_client_received_bytes_total)
        .bytes_sent(rpc::rpc_client_sent_bytes_total)
        .trace()
}

/// A recorder that is current on this thread until a [`Ledger::open`]'s guard is dropped.
pub(crate) struct Ledger {
    recorder: DebuggingRecorder,
    snapshotter: Snapshotter,
    sums: Mutex<BTreeMap<String, f64>>,
}

/// What a side counted of one kind of call: method, code, outcome, and how many.
pub(crate) type Calls<'a> = (&'a str, &'a str, &'a str, usize);

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

    /// Each series by its name and labels, with its count or its level.
    pub(crate) fn read(&self) -> BTreeMap<String, f64> {
        let mut sums = self.sums.lock().unwrap();
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

    /// A series that may not be there yet.
    pub(crate) fn count(&self, series: &str) -> f64 {
        self.read().get(series).copied().unwrap_or_default()
    }

    /// Waits for what is so sooner or later: a server's record is complete only after its client has
    /// the answer.
    pub(crate) async fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let wait = async {
            while !so(self) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(LONG, wait).await;
        assert!(waited.is_ok(), "{what}: {:#?}", self.read());
    }

    /// Waits until the side has nothing in flight, and checks that it counted exactly these calls.
    pub(crate) async fn assert(&self, side: &str, calls: &[Calls<'_>]) {
        let total = format!("rpc_{side}_calls_total");
        let in_flight = format!("rpc_{side}_calls_in_flight{{}}");
        let expected: f64 = calls.iter().map(|(.., count)| *count as f64).sum();
        let counted = || {
            let mut counted = self.read();
            counted.retain(|series, _| series.starts_with(&total));
            counted
        };
        self.until("all calls end", |ledger| {
            counted().values().sum::<f64>() >= expected && ledger.count(&in_flight) == 0.0
        })
        .await;
        let expected: BTreeMap<String, f64> = calls
            .iter()
            .map(|(method, code, outcome, count)| {
                let labels = format!("{{method={method},code={code},outcome={outcome}}}");
                (format!("{total}{labels}"), *count as f64)
            })
            .collect();
        assert_eq!(counted(), expected);
    }
}
