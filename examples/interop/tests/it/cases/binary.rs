//! A trace that comes as `grpc-trace-bin`: from grpc-go's own instrumentation, and byte by byte.

use opentelemetry::trace::SpanId;
use serde_json::json;
use tonic::{Request, metadata::MetadataValue};

use interop::grpc::rpc::cases_client::CasesClient;
use tonic::transport::Endpoint;

use super::{
    ledger::Ledger,
    near::{Near, UNARY},
    peer::Peer,
    traces::{Trace, all_spans},
};
use crate::harness::Language::Go;

#[tokio::test]
async fn p11_gos_own_instrumentation_is_continued() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let near = Near::start().await;
    let args = ["--own".to_owned(), format!("--forward={}", near.address)];
    let Some(peer) = Peer::with(Go, &args).await else {
        return;
    };
    // It reads no other form, so we begin the trace in its own.
    let trace = Trace::new();
    let mut bytes = vec![0, 0];
    bytes.extend(trace.id.to_bytes());
    bytes.push(1);
    bytes.extend(trace.parent.to_bytes());
    bytes.extend([2, 1]);
    let order = json!({"method": "Unary", "ask": {}}).to_string();
    let mut request = Request::new(order);
    let value = MetadataValue::from_bytes(&bytes);
    request.metadata_mut().insert_bin("grpc-trace-bin", value);
    let endpoint = Endpoint::from_shared(format!("http://{}", peer.address)).unwrap();
    let mut driver = CasesClient::new(endpoint.connect().await.unwrap());
    driver.run(request).await.unwrap();
    ledger
        .assert("server", &[(UNARY, "OK", "completed", 1)])
        .await;
    let span = trace.span();
    assert!(span.parent_span_is_remote);
    assert_ne!(span.parent_span_id, trace.parent, "Go's spans are between");
    let metadata = near.served().pop().unwrap().metadata;
    assert!(metadata.get("traceparent").is_none(), "{metadata:?}");
    let sent = metadata
        .get_bin("grpc-trace-bin")
        .unwrap()
        .to_bytes()
        .unwrap();
    assert_eq!(sent[2..18], trace.id.to_bytes());
    assert_eq!(sent[19..27], span.parent_span_id.to_bytes());
    peer.stop().await;
}

/// The vector of the format's specification.
const TRACE: &str = "40414243444546474849 4a4b4c4d4e4f";
const UNPADDED: &str = "AABAQUJDREVGR0hJSktMTU5PAWFiY2RlZmdoAgE";

#[tokio::test]
async fn p11_a_value_is_read_padded_and_not_and_in_no_other_length() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let near = Near::start().await;
    let endpoint = Endpoint::from_shared(format!("http://{}", near.address)).unwrap();
    let client = CasesClient::new(endpoint.connect().await.unwrap());
    let in_vector = || {
        let trace = TRACE.replace(' ', "");
        let mut spans = all_spans();
        spans.retain(|span| span.span_context.trace_id().to_string() == trace);
        spans
    };
    let other = Trace::new();
    let call = async |headers: &[(&'static str, String)]| {
        let mut request = Request::new("{}".to_owned());
        // As it is on the wire, which no library would send.
        let map = request.metadata_mut().as_mut();
        for (key, value) in headers {
            map.append(*key, value.parse().unwrap());
        }
        client.clone().unary(request).await.unwrap();
    };
    let ended = |count| [(UNARY, "OK", "completed", count)];
    let key = "grpc-trace-bin";
    for (count, value) in (1..).zip([UNPADDED.to_owned(), format!("{UNPADDED}=")]) {
        call(&[(key, value)]).await;
        ledger.assert("server", &ended(count)).await;
        let spans = in_vector();
        assert_eq!(spans.len(), count, "{spans:#?}");
        let parent = SpanId::from_hex("6162636465666768").unwrap();
        assert!(spans.iter().all(|span| span.parent_span_id == parent));
    }
    // Too short, too long, and no base64: new traces. With a `traceparent` that one stands.
    let long = format!("{UNPADDED}AAAA");
    for value in [&UNPADDED[..36], long.as_str(), "!!!"] {
        call(&[(key, value.to_owned())]).await;
    }
    ledger.assert("server", &ended(5)).await;
    let traceparent = ("traceparent", other.traceparent());
    call(&[(key, UNPADDED.to_owned()), traceparent]).await;
    ledger.assert("server", &ended(6)).await;
    assert_eq!(in_vector().len(), 2);
    assert_eq!(other.span().parent_span_id, other.parent);
}
