//! Callers that leave, deadlines that pass, and processes that are killed.

use std::{
    net::TcpListener,
    time::{Duration, SystemTime},
};

use interop::grpc::rpc::cases_client::CasesClient;
use serde_json::json;
use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tower::Layer;

use super::{
    each_peer,
    ledger::{self, Ledger},
    near::{self, Near, STREAM, Served, UNARY},
    peer::Peer,
    traces::{self, Trace},
};
use crate::harness::{LONG, Language};

/// `CANCELLED`, as a number.
const CANCELLED: i64 = 1;

/// Until the handler has as many calls. One that is in flight may not have its message yet, and to one
/// that is cut off before that tonic itself answers, with `UNKNOWN`.
async fn until_served(ledger: &Ledger, near: &Near, calls: usize) {
    let so = |_: &Ledger| near.served().len() == calls;
    ledger.until("the handler has the call", so).await;
}

async fn leaves(language: Language) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let near = Near::start().await;
    let Some(peer) = Peer::start(language, Some(near.address)).await else {
        return;
    };
    let driver = peer.driver().await;

    // After the first message of a stream that would go on.
    let after = Trace::new();
    let ask = json!({"messages": 1, "size": 3, "wait": true});
    let order = json!({"method": "Stream", "ask": ask, "leave": true});
    let results = driver.clone().run(&after, order).await.unwrap();
    assert_eq!(results, [(CANCELLED, 1)]);
    let mut expected = vec![(STREAM, "CANCELLED", "cancelled", 1)];
    ledger.assert("server", &expected).await;

    // Before there is any: we leave the peer, and the peer leaves us.
    let before = Trace::new();
    let call = async |trace: &Trace| {
        let ask = json!({"wait": true});
        let order = json!({"method": "Unary", "ask": ask});
        driver.clone().run(trace, order).await
    };
    tokio::select! {
        ended = call(&before) => panic!("nobody ended it: {ended:?}"),
        () = until_served(&ledger, &near, 2) => {}
    }
    expected.push((UNARY, "CANCELLED", "cancelled", 1));
    ledger.assert("server", &expected).await;

    // Before there is any, and with the whole connection.
    let killed = Trace::new();
    let driven = tokio::join!(call(&killed), async {
        until_served(&ledger, &near, 3).await;
        peer.kill().await;
    });
    driven.0.unwrap_err();
    expected.pop();
    expected.push((UNARY, "CANCELLED", "cancelled", 2));
    ledger.assert("server", &expected).await;

    for trace in [after, before, killed] {
        let span = trace.span();
        let attributes = traces::attributes(&span);
        let status = "rpc.response.status_code=CANCELLED";
        assert!(attributes.iter().any(|a| a == status), "{span:#?}");
        assert_eq!(span.status, opentelemetry::trace::Status::Unset);
        let is_error = attributes.iter().any(|a| a.starts_with("error.type"));
        assert!(!is_error, "{span:#?}");
    }
}

/// When a call was sent, as its metadata say.
fn sent(served: &Served) -> SystemTime {
    let sent = served.metadata.get("x-sent-us").unwrap().to_str().unwrap();
    SystemTime::UNIX_EPOCH + Duration::from_micros(sent.parse().unwrap())
}

/// The slack is 10 ms here. A call that took half of it to arrive, on a machine that has other things
/// to do, is not judged; two hundred that did not are.
async fn deadlines(language: Language) {
    const TIMES: usize = 50;
    let near = Near::start().await;
    let Some(peer) = Peer::start(language, Some(near.address)).await else {
        return;
    };
    let mut driver = peer.driver().await;
    let mut judged = 0;
    let mut seen = 0;
    for _ in 0..100 {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let trace = Trace::new();
        let ask = json!({"wait": true});
        let order = json!({"method": "Unary", "ask": ask, "deadline_ms": 100, "times": TIMES});
        let results = driver.run(&trace, order).await.unwrap();
        // Whose timer is first decides what the client is told: tonic's server says CANCELLED.
        assert_eq!(results.len(), TIMES);
        let ends = [Code::DeadlineExceeded, Code::Cancelled].map(|code| code as i64);
        let is_end = |(code, _): &(i64, i64)| ends.contains(code);
        assert!(results.iter().all(is_end), "{results:?}");
        let ended = |ledger: &Ledger| {
            let ends = ["CANCELLED", "DEADLINE_EXCEEDED"].map(|code| {
                let labels = format!("method={UNARY},code={code},outcome=cancelled");
                ledger.count(&format!("rpc_server_calls_total{{{labels}}}"))
            });
            ends[0] + ends[1] == TIMES as f64 && ledger.count("rpc_server_calls_in_flight{}") == 0.0
        };
        ledger.until("all calls end", ended).await;

        let mut spans = trace.spans();
        spans.sort_by_key(|span| span.start_time);
        let served = &near.served()[seen..];
        seen += TIMES;
        assert_eq!((spans.len(), served.len()), (TIMES, TIMES));
        for (span, served) in spans.iter().zip(served) {
            let took = served
                .begun
                .duration_since(sent(served))
                .unwrap_or_default();
            if took < Duration::from_millis(5) {
                judged += 1;
                let attributes = traces::attributes(span);
                let status = "rpc.response.status_code=DEADLINE_EXCEEDED";
                assert!(
                    attributes.iter().any(|a| a == status),
                    "{took:?}: {span:#?}"
                );
            }
        }
        if judged >= 200 {
            peer.stop().await;
            return;
        }
    }
    panic!("of {seen} calls only {judged} arrived at once");
}

async fn is_killed(language: Language) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let Some(peer) = Peer::start(language, None).await else {
        return;
    };
    let address = peer.address;
    let mut client = near::client(address).await;
    let mut messages = {
        let ask = json!({"messages": 1, "size": 3, "wait": true}).to_string();
        client.stream(ask).await.unwrap().into_inner()
    };
    assert_eq!(messages.message().await.unwrap().unwrap(), "xxx");
    let ask = json!({"wait": true}).to_string();
    let waiting = async { client.unary(ask).await.map(drop) };
    let both = |ledger: &Ledger| ledger.count("rpc_client_calls_in_flight{}") == 2.0;
    let (unary, ()) = tokio::join!(waiting, async {
        ledger.until("both calls are in flight", both).await;
        peer.kill().await;
    });
    let stream = messages.message().await.map(drop);
    let code = |end: Result<(), Status>| end.unwrap_err().code();
    let seen = [code(unary), code(stream)];
    // What tonic tells its caller of a broken connection is its own; the layer looks further down.
    let told = [Code::Unavailable, Code::Unknown, Code::Internal];
    assert!(seen.iter().all(|code| told.contains(code)), "{seen:?}");
    let mut calls = vec![
        (UNARY, "UNAVAILABLE", "failed", 1),
        (STREAM, "UNAVAILABLE", "failed", 1),
    ];
    ledger.assert("client", &calls).await;

    // Nobody listens there any more.
    let status = client.unary("{}".to_owned()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    calls[0].3 = 2;
    ledger.assert("client", &calls).await;
}

/// A balancer that has a dead end beside the peer's: each call is one record.
async fn lives_beside_a_dead_end(language: Language) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let Some(peer) = Peer::start(language, None).await else {
        return;
    };
    drop(near::client(peer.address).await);
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let ends = [peer.address, dead].map(|a| Endpoint::from_shared(format!("http://{a}")).unwrap());
    let channel = tonic::transport::Channel::balance_list(ends.into_iter());
    let mut client = CasesClient::new(ledger::client().layer(channel));
    let mut calls = [
        (UNARY, "OK", "completed", 0),
        (UNARY, "UNAVAILABLE", "failed", 0),
    ];
    for _ in 0..20 {
        let call = tokio::time::timeout(LONG, client.unary(r#"{"size": 2}"#.to_owned()));
        match call.await.unwrap() {
            Ok(answer) => {
                assert_eq!(answer.into_inner(), "xx");
                calls[0].3 += 1;
            }
            // tonic tells a caller that a connection was refused, and goes on with the other.
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                calls[1].3 += 1;
            }
        }
    }
    assert!(calls[0].3 > 0, "{calls:?}");
    let counted: Vec<_> = calls.into_iter().filter(|(.., count)| *count > 0).collect();
    ledger.assert("client", &counted).await;
    peer.stop().await;
}

each_peer! {
    p6_python_leaves: leaves, Python;
    p6_node_leaves: leaves, Node;
    p6_go_leaves: leaves, Go;
    p7_pythons_deadlines_are_never_cancellations: deadlines, Python;
    p7_nodes_deadlines_are_never_cancellations: deadlines, Node;
    p7_gos_deadlines_are_never_cancellations: deadlines, Go;
    p17_python_is_killed: is_killed, Python;
    p17_node_is_killed: is_killed, Node;
    p17_go_is_killed: is_killed, Go;
    p17_python_lives_beside_a_dead_end: lives_beside_a_dead_end, Python;
    p17_node_lives_beside_a_dead_end: lives_beside_a_dead_end, Node;
    p17_go_lives_beside_a_dead_end: lives_beside_a_dead_end, Go;
}
