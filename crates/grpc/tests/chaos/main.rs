//! Many calls at once that end in every way there is, over sockets: what began has ended, nothing is
//! in flight, and both ends tell the same. A process of its own, since the recorder is its.
//!
//! `THROUGHLINE_CHAOS_CALLS` says how many calls; if not said 100,000, and 2,000 in a debug build.

#![allow(clippy::unwrap_used)]

// The same service as everywhere; not all of it is needed here.
#[allow(dead_code)]
#[path = "../it/echo.rs"]
mod echo;
mod script {
    /// Panics without the hook, whose output would bury the test's.
    pub(crate) fn silent_panic<T>() -> T {
        std::panic::resume_unwind(Box::new("scripted"))
    }
}

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use throughline_catalog::catalog;
use throughline_grpc::{ClientLayer, Code, Method, Outcome, ServerLayer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tower::Layer;

use crate::echo::{CHAT, COLLECT, Echo, EchoClient, STREAM, UNARY};

catalog! { mod chaos, budget 100_000;
    /// Begun.
    counter chaos_server_started_total { method: Method };
    /// Ended.
    counter chaos_server_handled_total { method: Method, code: Code, outcome: Outcome };
    /// Time.
    histogram chaos_server_duration_seconds {} buckets [1.0];
    /// Under way.
    gauge chaos_server_in_flight { method: Method };
    /// Messages received.
    counter chaos_server_messages_received_total {};
    /// Begun.
    counter chaos_client_started_total { method: Method };
    /// Ended.
    counter chaos_client_handled_total { method: Method, code: Code };
    /// Time.
    histogram chaos_client_duration_seconds {} buckets [1.0];
    /// Under way.
    gauge chaos_client_in_flight { method: Method };
}

const AT_ONCE: usize = 64;

/// A panic resets its stream, and HTTP/2 servers give up a connection after a thousand such resets.
const EACH_CONNECTION: usize = 2_000;

/// The ways in which a call can end, one after the other.
#[derive(Clone, Copy)]
enum Way {
    Ok,
    Refused,
    FailsInTheMiddle,
    Panics,
    LeavesInTheMiddle,
    Deadline,
    Collects,
    Chats,
}

const WAYS: [Way; 8] = [
    Way::Ok,
    Way::Refused,
    Way::FailsInTheMiddle,
    Way::Panics,
    Way::LeavesInTheMiddle,
    Way::Deadline,
    Way::Collects,
    Way::Chats,
];

/// Sums up all series, by name and labels.
fn read(snapshotter: &Snapshotter, sums: &mut BTreeMap<String, f64>) {
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let key = key.key();
        let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            // A snapshot takes what it shows away, gauges included.
            DebugValue::Gauge(level) => level.into_inner(),
            DebugValue::Histogram(samples) => samples.len() as f64,
        };
        *sums.entry(format!("{}{labels:?}", key.name())).or_default() += value;
    }
}

fn sum(sums: &BTreeMap<String, f64>, name: &str, part: &str) -> f64 {
    let matching = sums
        .iter()
        .filter(|(series, _)| series.starts_with(name) && series.contains(part));
    matching.map(|(_, count)| count).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p18_whatever_happens_to_calls_the_books_balance() {
    let all = if cfg!(debug_assertions) {
        2_000
    } else {
        100_000
    };
    let calls: usize =
        std::env::var("THROUGHLINE_CHAOS_CALLS").map_or(all, |count| count.parse().unwrap());
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    Method::seed([UNARY, STREAM, COLLECT, CHAT]);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let layer = ServerLayer::new()
        .started(chaos::chaos_server_started_total)
        .total(chaos::chaos_server_handled_total)
        .duration(chaos::chaos_server_duration_seconds)
        .in_flight(chaos::chaos_server_in_flight)
        .messages_received(chaos::chaos_server_messages_received_total);
    let serving = Server::builder()
        .layer(layer)
        .add_service(Echo::default())
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);

    let layer = ClientLayer::new()
        .started(chaos::chaos_client_started_total)
        .total(chaos::chaos_client_handled_total)
        .duration(chaos::chaos_client_duration_seconds)
        .in_flight(chaos::chaos_client_in_flight);
    let endpoint = Endpoint::from_shared(url).unwrap();
    let clients: Vec<_> = (0..calls.div_ceil(EACH_CONNECTION))
        .map(|_| EchoClient::new(layer.layer(endpoint.connect_lazy())))
        .collect();
    let run = |n: usize| {
        let mut client = clients[n / EACH_CONNECTION].clone();
        tokio::spawn(async move {
            match WAYS[n % WAYS.len()] {
                Way::Ok => drop(client.unary("hello").await.unwrap()),
                Way::Refused => drop(client.unary("refuse").await.unwrap_err()),
                Way::FailsInTheMiddle => {
                    let mut messages = client.stream("fail").await.unwrap();
                    messages.next().await.unwrap().unwrap();
                    messages.next().await.unwrap().unwrap_err();
                }
                Way::Panics => drop(client.unary("panic").await.unwrap_err()),
                Way::LeavesInTheMiddle => {
                    let mut messages = client.stream("wait").await.unwrap();
                    messages.next().await.unwrap().unwrap();
                }
                Way::Deadline => {
                    let timeout = Duration::from_millis(30);
                    client.unary_within(timeout, "wait").await.unwrap_err();
                }
                Way::Collects => {
                    let messages = vec!["one".into(), "two".into()];
                    assert_eq!(client.collect(messages).await.unwrap(), "6");
                }
                Way::Chats => {
                    let messages = stream::iter(["one".into(), "two".into()]);
                    assert_eq!(client.chat(messages).await.unwrap().count().await, 2);
                }
            }
        })
    };
    stream::iter(0..calls)
        .map(run)
        .buffer_unordered(AT_ONCE)
        .for_each(async |result| result.unwrap())
        .await;

    // A server's record is complete only after its client has the answer.
    let mut sums = BTreeMap::new();
    let patience = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            read(&snapshotter, &mut sums);
            let of = |name: &str| sum(&sums, name, "");
            let has_ended = of("chaos_server_started_total") == of("chaos_server_handled_total");
            if has_ended && of("chaos_server_in_flight") == 0.0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    });
    patience.await.expect("nothing stays in flight for ever");

    let of = |name: &str, part: &str| sum(&sums, name, part);
    let each = |way: usize| ((way..calls).step_by(WAYS.len())).count() as f64;
    for side in ["server", "client"] {
        let handled = of(&format!("chaos_{side}_handled_total"), "");
        assert_eq!(of(&format!("chaos_{side}_started_total"), ""), handled);
        assert_eq!(of(&format!("chaos_{side}_duration_seconds"), ""), handled);
        assert_eq!(of(&format!("chaos_{side}_in_flight"), ""), 0.0);
    }
    assert_eq!(of("chaos_client_handled_total", ""), calls as f64);
    // Both ends tell the same of every call that has a status of its own.
    for (method, code, count) in [
        (UNARY, "OK", each(0)),
        (UNARY, "NOT_FOUND", each(1)),
        (STREAM, "INTERNAL", each(2)),
        (STREAM, "CANCELLED", each(4)),
        (COLLECT, "OK", each(6)),
        (CHAT, "OK", each(7)),
    ] {
        let labels = format!("[\"{method}\", \"{code}\"");
        assert_eq!(of("chaos_server_handled_total", &labels), count, "{labels}");
        assert_eq!(of("chaos_client_handled_total", &labels), count, "{labels}");
    }
    let unary = |side: &str, code: &str| {
        let labels = format!("[\"{UNARY}\", \"{code}\"");
        of(&format!("chaos_{side}_handled_total"), &labels)
    };
    // A deadline's timer runs at both ends, and the one that is first decides what the other sees: a
    // client's may fire before the server has heard of the call, or before its message has come, for
    // which tonic answers `INTERNAL`, as for a panic.
    let internal = unary("server", "INTERNAL");
    assert_eq!(of("chaos_server_handled_total", "\"panicked\""), each(3));
    assert!(each(3) <= internal, "{sums:?}");
    let ended = unary("server", "DEADLINE_EXCEEDED") + unary("server", "CANCELLED");
    let ended = ended + internal - each(3);
    assert!(ended <= each(5), "{sums:?}");
    assert_eq!(
        of("chaos_server_handled_total", ""),
        calls as f64 - (each(5) - ended)
    );
    let ended = unary("client", "DEADLINE_EXCEEDED") + unary("client", "CANCELLED");
    assert_eq!(
        ended,
        each(5) + each(3),
        "a panic is a reset to its client: {sums:?}"
    );
}
