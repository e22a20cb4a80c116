//! More methods than the label has room for; a process of its own, since they never leave.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use metrics_util::debugging::DebuggingRecorder;
use opentelemetry::global;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_catalog::{OVERFLOW, catalog};
use throughline_grpc::{ClientLayer, Method, ServerLayer};
use tower::{Layer, Service};

catalog! { mod wide, budget 1_000;
    /// Calls made.
    counter wide_calls_total { method: Method };
}

#[tokio::test]
async fn a_method_too_many_overflows_in_its_label_and_keeps_its_name_on_its_span() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    global::set_tracer_provider(provider);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _open = metrics::set_default_local_recorder(&recorder);

    let echo = tower::service_fn(async |_: Request<()>| {
        let response = Response::builder().header("content-type", "application/grpc");
        Ok::<_, Infallible>(response.body(Empty::<Bytes>::new()).unwrap())
    });
    let mut client = ClientLayer::new()
        .total(wide::wide_calls_total)
        .trace()
        .layer(echo);
    for n in 0..300 {
        let request = Request::post(format!("/wide.Wide/M{n}")).body(()).unwrap();
        drop(client.call(request).await.unwrap());
    }

    let series: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "wide_calls_total")
        .map(|(key, ..)| key.key().labels().next().unwrap().value().to_owned())
        .collect();
    // `_OTHER` has one of the 256 places, and what found no room one more value.
    assert_eq!(series.len(), 256);
    assert!(series.contains(&OVERFLOW.to_owned()));

    // A handler has answered it, so a server knows the name though the label has no room for it.
    let mut server = ServerLayer::new().trace().layer(echo);
    let request = Request::post("/wide.Wide/M299").body(()).unwrap();
    drop(server.call(request).await.unwrap());

    let spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans.len(), 301);
    assert_eq!(spans[299].name, "wide.Wide/M299");
    assert_eq!(spans[300].name, "wide.Wide/M299");
    assert!(!format!("{spans:?}").contains(OVERFLOW));
}
