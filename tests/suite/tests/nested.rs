//! A13: trace and ids are on every span and log line in their scope, however deep and wherever it runs.
//! In a process of its own: the subscriber and the tracer provider are the process's.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, convert::Infallible};

use axum::{Router, body::Body, routing::get};
use futures_util::StreamExt;
use http::{Request, Response};
use http_body_util::BodyExt;
use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_sdk::trace::{
    InMemorySpanExporter, SdkTracerProvider, SimpleSpanProcessor, SpanData,
};
use serde_json::Value;
use throughline_context::{Traced, spawn, spawn_blocking};
use throughline_correlation::{Ids, MessageId, RequestIdLayer, SessionId};
use throughline_http::ServerLayer;
use throughline_log::{LogLayer, MemorySink, Schema, Writer};
use throughline_telemetry::ScopeIds;
use tokio::sync::mpsc;
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Where it runs, and how deep: a span three levels down, with one line in it.
#[tracing::instrument(skip_all)]
async fn one(at: &'static str) {
    two(at).await;
}

#[tracing::instrument(skip_all)]
async fn two(at: &'static str) {
    // So that each level is left and entered again.
    tokio::task::yield_now().await;
    three(at).await;
}

#[tracing::instrument(skip_all, fields(at))]
async fn three(at: &'static str) {
    tokio::task::yield_now().await;
    tracing::info!("{at}");
}

#[tracing::instrument(skip_all)]
fn blocking_one() {
    blocking_two();
}

#[tracing::instrument(skip_all)]
fn blocking_two() {
    blocking_three();
}

#[tracing::instrument(skip_all)]
fn blocking_three() {
    tracing::info!("blocking");
}

async fn work() -> Response<Body> {
    one("handler").await;
    spawn(one("task")).await.unwrap();
    spawn_blocking(blocking_one).await.unwrap();

    // The consumer was there before the request, and is not in its scope.
    let (sender, mut receiver) = mpsc::channel::<Traced<&'static str>>(1);
    let consumer = tokio::spawn(async move {
        while let Some(message) = receiver.recv().await {
            message.around(one).await;
        }
        tracing::info!("outside");
    });
    sender.send(Traced::new("consumer")).await.unwrap();
    drop(sender);
    consumer.await.unwrap();

    let body = futures_util::stream::iter(["first", "second"]).then(async |part| {
        one("body").await;
        Ok::<_, Infallible>(part)
    });
    Response::new(Body::from_stream(body))
}

/// The handler's own ids nest below the request's.
async fn handler() -> Response<Body> {
    let session = SessionId::parse("s-1").unwrap();
    let message = MessageId::parse("m-1").unwrap();
    let ids = Ids::current().with(&session).with(&message);
    ids.around(work()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a13_trace_and_ids_are_on_every_span_and_line_in_their_scope() {
    let exporter = InMemorySpanExporter::default();
    let processor = ScopeIds::new(SimpleSpanProcessor::new(exporter.clone()));
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    let sink = MemorySink::default();
    let (writer, guard) = Writer::to(sink.clone()).unwrap();
    let bridge = tracing_opentelemetry::layer().with_tracer(provider.tracer("tracing"));
    let lines = LogLayer::new(Schema::new("suite").unwrap(), writer);
    let subscriber = tracing_subscriber::registry().with(bridge).with(lines);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    global::set_tracer_provider(provider);

    let app = Router::new()
        .route("/work", get(handler))
        .layer(ServerLayer::new().trace())
        .layer(RequestIdLayer::new());
    let request = Request::get("/work")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .header("x-request-id", "r-1")
        .body(Body::empty())
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    drop(guard);

    let spans = exporter.get_finished_spans().unwrap();
    let by_id: BTreeMap<String, &SpanData> = spans
        .iter()
        .map(|span| (span.span_context.span_id().to_string(), span))
        .collect();
    let ids = |span: &SpanData| {
        let mut ids = BTreeMap::new();
        for attribute in &span.attributes {
            if attribute.key.as_str().ends_with("_id") {
                let value = attribute.value.as_str().into_owned();
                assert!(ids.insert(attribute.key.to_string(), value).is_none());
            }
        }
        ids
    };
    let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    };
    let request = of(&[("request_id", "r-1")]);
    let all = of(&[
        ("request_id", "r-1"),
        ("session_id", "s-1"),
        ("message_id", "m-1"),
    ]);

    let server = spans.iter().find(|span| span.name == "GET /work").unwrap();
    assert_eq!(server.parent_span_id.to_string(), CALLER);
    assert_eq!(ids(server), request);
    // Handler, task and consumer, one body in two parts, and the blocking one.
    assert_eq!(spans.len(), 1 + 3 * (3 + 2 + 1));

    let mut told = Vec::new();
    for line in sink.lines() {
        let line: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let message = text("message");
        told.push(message.clone());
        if message == "outside" {
            assert_eq!((text("trace_id"), text("request_id")), Default::default());
            continue;
        }
        // A body is read after the handler's scope has ended, in the request's.
        let expected = if message == "body" { &request } else { &all };
        for (key, value) in expected {
            assert_eq!(&text(key), value, "{line}");
        }
        assert_eq!(text("trace_id"), TRACE, "{line}");
        let mut span = by_id[&text("span_id")];
        for name in ["three", "two", "one"] {
            assert!(span.name.ends_with(name), "{} in {line}", span.name);
            assert_eq!(span.span_context.trace_id().to_string(), TRACE);
            assert_eq!(ids(span), *expected, "{} in {line}", span.name);
            span = by_id[&span.parent_span_id.to_string()];
        }
        assert_eq!(span.name, "GET /work", "{line}");
    }
    told.sort();
    assert_eq!(
        told,
        [
            "blocking", "body", "body", "consumer", "handler", "outside", "task"
        ]
    );
}
