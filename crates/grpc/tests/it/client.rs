//! What a client sends along.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request};
use opentelemetry::Context;
use throughline_context::extract;
use throughline_grpc::ClientLayer;
use tower::{Layer, Service};

use crate::{
    script::{answering, call, head_only},
    traces::Trace,
};

const STALE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The headers that arrive when `request` is sent in `context`.
async fn sent(layer: ClientLayer, context: Context, request: Request<String>) -> HeaderMap {
    let arrived: Arc<Mutex<HeaderMap>> = Arc::default();
    let mut service = {
        let arrived = Arc::clone(&arrived);
        layer.layer(answering(move |request| {
            *arrived.lock().unwrap() = request.headers().clone();
            head_only("0")
        }))
    };
    let current = context.attach();
    let future = service.call(request);
    drop(current);
    drop(future.await.unwrap());
    arrived.lock().unwrap().clone()
}

fn stale() -> Request<String> {
    let mut request = call("/client.Client/Call");
    for value in [STALE, STALE] {
        request
            .headers_mut()
            .append("traceparent", value.parse().unwrap());
    }
    for (name, value) in [
        ("tracestate", "stale=1"),
        ("authorization", "kept"),
        ("x-multi", "a"),
    ] {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
        .headers_mut()
        .append("x-multi", "b".parse().unwrap());
    request
}

fn within(trace: &Trace) -> Context {
    let traceparent = (
        "traceparent".parse().unwrap(),
        trace.traceparent().parse().unwrap(),
    );
    extract(&HeaderMap::from_iter([traceparent]))
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn the_clients_span_takes_the_place_of_a_stale_parent() {
    let trace = Trace::new();
    let headers = sent(ClientLayer::new().trace(), within(&trace), stale()).await;
    let span = trace.span().span_context;
    let expected = format!("00-{}-{}-01", trace.id, span.span_id());
    assert_eq!(values(&headers, "traceparent"), [expected]);
    assert!(!headers.contains_key("tracestate"));
    // Other metadata is left alone, doubled or not.
    assert_eq!(values(&headers, "x-multi"), ["a", "b"]);
    assert_eq!(values(&headers, "authorization"), ["kept"]);
}

#[tokio::test]
async fn without_the_concern_the_current_span_goes_along() {
    let trace = Trace::new();
    let headers = sent(ClientLayer::new(), within(&trace), stale()).await;
    assert_eq!(values(&headers, "traceparent"), [trace.traceparent()]);
    assert!(!headers.contains_key("tracestate"));
    assert!(trace.spans().is_empty());
}

#[tokio::test]
async fn without_any_span_nothing_stale_goes_along() {
    let headers = sent(ClientLayer::new(), Context::new(), stale()).await;
    assert!(!headers.contains_key("traceparent"));
    assert!(!headers.contains_key("tracestate"));
    assert_eq!(values(&headers, "authorization"), ["kept"]);
}
