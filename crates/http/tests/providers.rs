//! Tracer providers that come late, are shut down and are replaced; a process of its own.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use opentelemetry::{Context, global};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_http::ServerLayer;
use tower::{Layer, Service};

fn provider() -> (SdkTracerProvider, InMemorySpanExporter) {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    global::set_tracer_provider(provider.clone());
    (provider, exporter)
}

#[tokio::test]
async fn every_span_goes_to_the_provider_that_runs() {
    let mut service = ServerLayer::new()
        .trace()
        .layer(tower::service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
        }));
    let mut ask = async || {
        let response = service.call(Request::new(())).await.unwrap();
        response.into_body().collect().await.unwrap();
    };
    let count = |exporter: &InMemorySpanExporter| exporter.get_finished_spans().unwrap().len();

    // None yet, and then one that comes after the layer and after its first request.
    ask().await;
    let (first, of_first) = provider();
    for _ in 0..3 {
        ask().await;
    }
    assert_eq!(count(&of_first), 3);

    // Where telemetry is suppressed nothing is made, and nothing is forgotten for it.
    let quiet = Context::current().with_telemetry_suppressed().attach();
    ask().await;
    drop(quiet);
    ask().await;
    assert_eq!(count(&of_first), 4);

    let (second, of_second) = {
        first.shutdown().unwrap();
        provider()
    };
    for _ in 0..2 {
        ask().await;
    }
    assert_eq!(count(&of_second), 2);

    second.shutdown().unwrap();
    ask().await;
    let (_third, of_third) = provider();
    ask().await;
    assert_eq!(count(&of_third), 1);
}
