//! Every status, in the head and after three messages, both ways; and a handler that panics.

use std::time::SystemTime;

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use serde_json::json;
use throughline_grpc::Code;

use super::{
    each_peer,
    ledger::Ledger,
    near::{self, Near, STREAM, UNARY},
    peer::Peer,
    traces::{self, Trace},
};
use crate::harness::Language;

const METHODS: [(&str, &str, i64); 2] = [("Unary", UNARY, 0), ("Stream", STREAM, 3)];

/// What the conventions call an error on a server; on a client everything but OK is one.
const SERVER_ERRORS: [Code; 6] = [
    Code::Unknown,
    Code::DeadlineExceeded,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
];

/// The code, and whether the side calls it an error, on the span as in its attributes.
#[track_caller]
fn assert_status(span: &SpanData, code: Code, is_error: bool) {
    let attributes = traces::attributes(span);
    let has = |attribute: String| attributes.contains(&attribute);
    let code = code.as_str();
    assert!(has(format!("rpc.response.status_code={code}")), "{span:#?}");
    assert_eq!(has(format!("error.type={code}")), is_error, "{span:#?}");
    let has_type = attributes.iter().any(|a| a.starts_with("error.type="));
    assert_eq!(has_type, is_error, "{span:#?}");
    let says_error = matches!(span.status, Status::Error { .. });
    assert_eq!(says_error, is_error, "{span:#?}");
    assert!(span.status != Status::Ok, "no span says that all is well");
}

/// A span lasts as long as what it stands for.
#[track_caller]
fn assert_lasts(span: &SpanData, begun: SystemTime, ended: SystemTime) {
    let lasts = span.end_time.duration_since(span.start_time).unwrap();
    let least = ended.duration_since(begun).unwrap_or_default();
    assert!(lasts >= least, "{lasts:?} of {least:?}: {span:#?}");
}

async fn calls_us(language: Language) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let near = Near::start().await;
    let Some(peer) = Peer::start(language, Some(near.address)).await else {
        return;
    };
    let mut driver = peer.driver().await;
    let mut expected = Vec::new();
    for (method, label, count) in METHODS {
        for (number, code) in (0..).zip(Code::ALL.iter().copied()) {
            let trace = Trace::new();
            let ask = json!({"code": number, "messages": count, "size": 9});
            let answer = driver.once(&trace, method, ask).await;
            let got = if method == "Unary" {
                i64::from(number == 0)
            } else {
                count
            };
            assert_eq!(answer, (number, got), "{method} {code:?}");
            expected.push((label, code.as_str(), "completed", 1));
            ledger.assert("server", &expected).await;

            let span = trace.span();
            assert_eq!(
                (span.name.as_ref(), &span.span_kind),
                (label, &SpanKind::Server)
            );
            assert_ne!(
                span.parent_span_id, trace.parent,
                "the peer's client is between"
            );
            assert!(span.parent_span_is_remote);
            assert_status(&span, code, SERVER_ERRORS.contains(&code));
            let served = near.served().pop().unwrap();
            assert_lasts(&span, served.begun, served.ended.unwrap());
        }
    }
    peer.stop().await;
}

async fn we_call(language: Language) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let Some(peer) = Peer::start(language, None).await else {
        return;
    };
    let mut client = near::client(peer.address).await;
    let mut expected = Vec::new();
    for (method, label, count) in METHODS {
        for (number, code) in (0..).zip(Code::ALL.iter().copied()) {
            let trace = Trace::new();
            let ask = json!({"code": number, "messages": count, "size": 9}).to_string();
            let begun = SystemTime::now();
            let (status, got) = trace
                .around(async {
                    if method == "Unary" {
                        return (client.unary(ask).await.err(), 0);
                    }
                    // Python and Node have a head only where there is a message.
                    let mut messages = client.stream(ask).await.unwrap().into_inner();
                    let mut got = 0;
                    loop {
                        match messages.message().await {
                            Ok(Some(text)) => {
                                assert_eq!(text, "x".repeat(9));
                                got += 1;
                            }
                            Ok(None) => break (None, got),
                            Err(status) => break (Some(status), got),
                        }
                    }
                })
                .await;
            let ended = SystemTime::now();
            let told = status.map_or(0, |status| status.code() as i64);
            assert_eq!((told, got), (number, count), "{method} {code:?}");
            expected.push((label, code.as_str(), "completed", 1));
            ledger.assert("client", &expected).await;

            let span = trace.span();
            assert_eq!(
                (span.name.as_ref(), &span.span_kind),
                (label, &SpanKind::Client)
            );
            assert_eq!(span.parent_span_id, trace.parent);
            assert_status(&span, code, code != Code::Ok);
            // No longer than the call, and the call is all that happened.
            let lasts = span.end_time.duration_since(span.start_time).unwrap();
            assert!(lasts <= ended.duration_since(begun).unwrap(), "{span:#?}");
        }
    }
    peer.stop().await;
}

async fn our_handler_panics(language: Language) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let near = Near::start().await;
    let Some(peer) = Peer::start(language, Some(near.address)).await else {
        return;
    };
    let trace = Trace::new();
    let mut driver = peer.driver().await;
    let (code, _) = driver.once(&trace, "Unary", json!({"panic": true})).await;
    assert_ne!(code, 0);
    ledger
        .assert("server", &[(UNARY, "INTERNAL", "panicked", 1)])
        .await;
    let span = trace.span();
    let attributes = traces::attributes(&span);
    for attribute in ["rpc.response.status_code=INTERNAL", "error.type=panic"] {
        assert!(attributes.iter().any(|a| a == attribute), "{span:#?}");
    }
    assert!(matches!(span.status, Status::Error { .. }), "{span:#?}");
    peer.stop().await;
}

each_peer! {
    p5_python_is_told_every_status: calls_us, Python;
    p5_node_is_told_every_status: calls_us, Node;
    p5_go_is_told_every_status: calls_us, Go;
    p5_python_tells_every_status: we_call, Python;
    p5_node_tells_every_status: we_call, Node;
    p5_go_tells_every_status: we_call, Go;
    p8_python_calls_a_handler_that_panics: our_handler_panics, Python;
    p8_node_calls_a_handler_that_panics: our_handler_panics, Node;
    p8_go_calls_a_handler_that_panics: our_handler_panics, Go;
}
