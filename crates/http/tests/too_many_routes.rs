//! More routes than the label has room for; a process of its own, since they never leave.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use metrics_util::debugging::DebuggingRecorder;
use opentelemetry::global;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_catalog::{OVERFLOW, catalog};
use throughline_http::{Route, ServerLayer};
use tower::{Layer, Service};

catalog! { mod wide, budget 1_000;
    /// Requests served.
    counter wide_requests_total { route: Route };
}

#[tokio::test]
async fn a_template_too_many_overflows_in_its_label_and_is_none_on_its_span() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    global::set_tracer_provider(provider);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _open = metrics::set_default_local_recorder(&recorder);

    let mut service = ServerLayer::new()
        .route(|request| match request.uri.path() {
            "/unknown" => Route::unmatched(),
            template => Route::of(template),
        })
        .total(wide::wide_requests_total)
        .trace()
        .layer(tower::service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        }));
    let paths = (0..300).map(|n| format!("/{n}"));
    for path in paths.chain(["/unknown".to_owned()]) {
        let request = Request::get(path).body(()).unwrap();
        let response = service.call(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }

    let series: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "wide_requests_total")
        .map(|(key, ..)| key.key().labels().next().unwrap().value().to_owned())
        .collect();
    // 255 templates, the one value of what matched none, and the one of what found no room.
    assert_eq!(series.len(), 257);
    assert!(series.contains(&"unmatched".to_owned()) && series.contains(&OVERFLOW.to_owned()));

    let spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans.len(), 301);
    assert_eq!(spans[254].name, "GET /254");
    assert_eq!(spans[255].name, "GET");
    assert!(!format!("{spans:?}").contains(OVERFLOW));
}
