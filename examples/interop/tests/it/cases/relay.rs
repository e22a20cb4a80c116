//! A trace and the values of a key through three processes: a peer, us, another peer.

use interop::grpc::rpc::echo_client::EchoClient;
use opentelemetry::trace::SpanKind;
use serde_json::{Value, json};

use super::{
    ledger::{self, Ledger},
    near::{self, Near, UNARY},
    peer::Peer,
    traces::Trace,
};
use crate::harness::Language::{self, Go, Node, Python};

async fn through_us(first: Language, last: Language) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let Some(behind) = Peer::start(last, None).await else {
        return;
    };
    let next = EchoClient::new(near::link(behind.address, ledger::client()).await);
    let near = Near::with(ledger::server(), false, Some(next)).await;
    let Some(peer) = Peer::start(first, Some(near.address)).await else {
        return;
    };
    let trace = Trace::new();
    let order = json!({
        "method": "Unary",
        "ask": {},
        "metadata": [["x-multi", "a"], ["x-multi", "b"]],
    });
    let results = peer.driver().await.run(&trace, order).await.unwrap();
    assert_eq!(results, [(0, 1)], "{:?}", near.passed_on());
    ledger
        .assert("server", &[(UNARY, "OK", "completed", 1)])
        .await;

    let mut spans = trace.spans();
    spans.sort_by_key(|span| span.span_kind == SpanKind::Client);
    let [server, client] = &spans[..] else {
        panic!("two of ours: {spans:#?}");
    };
    assert_eq!(client.parent_span_id, server.span_context.span_id());
    let served = near.served().pop().unwrap();
    let values: Vec<_> = served.metadata.get_all("x-multi").iter().collect();
    // The instrumentation of Python keeps the last of several values.
    let sent: &[&str] = if first == Python { &["b"] } else { &["a", "b"] };
    assert_eq!(values, sent);
    let answer = near.passed_on().pop().unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    // HTTP/2 in Node joins the values of a key.
    let seen = if last == Node {
        json!([sent.join(", ")])
    } else {
        json!(sent)
    };
    assert_eq!(answer["metadata"]["x-multi"], seen);
    assert_eq!(answer["trace_id"], json!(trace.id.to_string()));
    let caller = client.span_context.span_id().to_string();
    assert_eq!(answer["parent_id"], json!(caller));
    peer.stop().await;
    behind.stop().await;
}

#[tokio::test]
async fn p3_node_us_python() {
    through_us(Node, Python).await;
}

#[tokio::test]
async fn p3_go_us_node() {
    through_us(Go, Node).await;
}

#[tokio::test]
async fn p3_python_us_go() {
    through_us(Python, Go).await;
}
