//! The methods that the environment names, for spans: in a process that was started with the variable.

#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, env, process::Command};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use opentelemetry::global;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_http::{Route, ServerLayer};
use tower::{Layer, ServiceExt};

const VARIABLE: &str = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS";

/// Each request's span by its name, its method and its original method.
async fn spans(methods: &[&str]) -> Vec<(String, String, Option<String>)> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    global::set_tracer_provider(provider);
    let layer = ServerLayer::new()
        .trace()
        .route(|_| Route::of("/dav/{file}"));
    for method in methods {
        let service = layer.layer(tower::service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        }));
        let request = Request::builder().method(*method).uri("/dav/a").body(());
        let response = service.oneshot(request.unwrap()).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let spans = exporter.get_finished_spans().unwrap().into_iter();
    spans
        .map(|span| {
            let value = |key: &str| {
                let mut all = span.attributes.iter();
                let attribute = all.find(|attribute| attribute.key.as_str() == key);
                attribute.map(|attribute| attribute.value.to_string())
            };
            let method = value("http.request.method").unwrap();
            let original = value("http.request.method_original");
            (span.name.to_string(), method, original)
        })
        .collect()
}

fn span(name: &str, method: &str, original: Option<&str>) -> (String, String, Option<String>) {
    (
        name.to_owned(),
        method.to_owned(),
        original.map(str::to_owned),
    )
}

#[tokio::test]
async fn the_list_replaces_the_standard_one() {
    if env::var_os(VARIABLE).is_none() {
        // This test again, in a process with the variable.
        let myself = env::current_exe().unwrap();
        let child = Command::new(myself)
            .args(["--exact", "the_list_replaces_the_standard_one"])
            .env(VARIABLE, "GET, PROPFIND ,,")
            .output();
        let child = child.unwrap();
        let told = String::from_utf8_lossy(&child.stdout);
        assert!(
            child.status.success() && told.contains("1 passed"),
            "{told}"
        );
        return;
    }
    assert_eq!(
        spans(&["GET", "PROPFIND", "POST", "propfind"]).await,
        [
            span("GET /dav/{file}", "GET", None),
            span("PROPFIND /dav/{file}", "PROPFIND", None),
            // Known to HTTP, but not in the list.
            span("HTTP /dav/{file}", "_OTHER", Some("POST")),
            span("HTTP /dav/{file}", "_OTHER", Some("propfind")),
        ],
    );
}
