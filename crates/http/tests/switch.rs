//! The run-time switch belongs to the process, so it has one of its own here.

use http::{HeaderMap, Request, Response};
use metrics_util::debugging::DebuggingRecorder;
use opentelemetry::{Context, global, trace::TraceContextExt};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_catalog::catalog;
use throughline_context::{Concern, Switch, inject};
use throughline_correlation::{Ids, RequestId, RequestIdLayer};
use throughline_http::{ServerLayer, Status};
use tower::{ServiceBuilder, ServiceExt};

catalog! { mod shop, budget 1_000;
    /// Requests served.
    counter shop_requests_total { status: Status };
    /// Requests being served.
    gauge shop_requests_in_flight {};
}

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// One request; the context that went on from its handler, and its id there.
async fn request() -> (HeaderMap, Option<RequestId>) {
    let layer = ServerLayer::new()
        .trace()
        .total(shop::shop_requests_total)
        .in_flight(shop::shop_requests_in_flight);
    let service = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(layer)
        .service_fn(|_: Request<String>| async {
            let mut headers = HeaderMap::new();
            inject(&Context::current(), &mut headers);
            let mut response = Response::new(String::new());
            response
                .extensions_mut()
                .insert(Ids::current_id::<RequestId>());
            *response.headers_mut() = headers;
            Ok::<_, std::convert::Infallible>(response)
        });
    let request = Request::builder()
        .header("traceparent", PARENT)
        .body(String::new());
    let response = service
        .oneshot(request.expect("a request"))
        .await
        .expect("it answers");
    let id = response
        .extensions()
        .get::<Option<RequestId>>()
        .cloned()
        .flatten();
    (response.headers().clone(), id)
}

#[tokio::test]
async fn off_counts_and_traces_nothing_and_breaks_no_trace() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().expect("the only recorder");
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    global::set_tracer_provider(provider);
    let samples = || {
        let all = snapshotter.snapshot().into_vec();
        all.iter()
            .filter(|(key, ..)| key.key().name().starts_with("shop_"))
            .count()
    };
    let spans = || exporter.get_finished_spans().expect("they are kept").len();

    Switch::global()
        .set_by_name(Switch::FLAG, false)
        .expect("the flag is known");
    let (headers, id) = request().await;
    assert_eq!((samples(), spans()), (0, 0));
    assert_eq!(
        headers["traceparent"], PARENT,
        "the caller's span is the parent of what follows"
    );
    assert!(id.is_some(), "ids are made all the same");
    assert!(!Context::current().span().span_context().is_valid());

    Switch::global().set(Concern::Spans, false);
    Switch::global()
        .set_by_name(Switch::FLAG, true)
        .expect("the flag is known");
    let _ = request().await;
    assert_eq!(spans(), 0, "switched off alone, it stays off");
    assert_eq!(samples(), 2, "the counter and the gauge");

    Switch::global().set(Concern::Spans, true);
    let (headers, _) = request().await;
    assert_eq!(spans(), 1);
    assert_eq!(
        headers["traceparent"].to_str().expect("text")[..35],
        PARENT[..35]
    );
}
