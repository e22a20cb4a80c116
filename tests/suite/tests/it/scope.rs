//! Trace, ids and stage reach every log line and every call of a request, without a parameter.

use std::convert::Infallible;

use axum::{Router, body::Body, routing::get};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use opentelemetry::{Context, global};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde_json::Value;
use throughline_catalog::{catalog, label};
use throughline_context::{inject, spawn, spawn_blocking};
use throughline_correlation::{Ids, JobId, RequestIdLayer};
use throughline_http::ServerLayer;
use throughline_job::{job, stage};
use throughline_log::{LogLayer, MemorySink, Schema, Writer};
use tokio::sync::Mutex;
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;

label! { enum Stage { Outer = "outer", Inner = "inner" } }

catalog! { mod demo, budget 100;
    /// Time in a stage.
    histogram demo_stage_duration_seconds { stage: Stage } buckets [1.0];
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";

async fn work() -> Result<Response<Body>, Infallible> {
    tracing::info!("handler");
    let id = JobId::parse("job-7").expect("it is an id");
    let task = job("work", &id, async {
        stage(demo::demo_stage_duration_seconds, Stage::Outer, async {
            let inner = stage(demo::demo_stage_duration_seconds, Stage::Inner, async {
                tracing::info!("inner");
                Ok::<_, Infallible>(())
            });
            inner.await?;
            spawn(async { tracing::info!("task") })
                .await
                .expect("the task ends");
            let blocking = tracing::dispatcher::get_default(Clone::clone);
            spawn_blocking(move || {
                tracing::dispatcher::with_default(&blocking, || tracing::info!("blocking"));
            })
            .await
            .expect("the task ends");
            Ok::<_, Infallible>(())
        })
        .await
    });
    task.await?;
    tracing::info!("after");
    let mut onward = HeaderMap::new();
    inject(&Context::current(), &mut onward);
    let mut response = Response::new(Body::from_stream(tail()));
    response
        .headers_mut()
        .insert("onward", onward["traceparent"].clone());
    Ok(response)
}

/// A body that logs while it is read.
fn tail() -> impl futures_core::Stream<Item = Result<&'static str, Infallible>> {
    futures_util::stream::once(async {
        tracing::info!("body");
        Ok("done")
    })
}

fn app() -> Router {
    Router::new()
        .route("/work", get(|| async { work().await }))
        .layer(ServerLayer::new().trace())
        .layer(RequestIdLayer::new())
}

fn request() -> Request<Body> {
    let builder = Request::builder()
        .uri("/work")
        .header("x-request-id", "r-1");
    builder
        .header("traceparent", PARENT)
        .body(Body::empty())
        .expect("it is a request")
}

/// A subscriber that comes while another thread meets a call site for the first time may not be asked
/// about it; so these tests go one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

fn provider() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        global::set_tracer_provider(SdkTracerProvider::builder().with_sampler(sampler).build());
    });
}

#[tokio::test]
async fn every_line_of_a_request_has_its_trace_its_ids_and_its_stage() {
    let _alone = ONE_AT_A_TIME.lock().await;
    provider();
    let sink = MemorySink::default();
    let (writer, guard) = Writer::to(sink.clone()).expect("a thread is started");
    let layer = LogLayer::new(Schema::new("suite").expect("a schema"), writer);
    let subscriber = tracing_subscriber::registry().with(layer);
    let _here = tracing::subscriber::set_default(subscriber);

    let response = app().oneshot(request()).await.expect("it answers");
    assert_eq!(response.headers()["x-request-id"], "r-1");
    response.into_body().collect().await.expect("the body ends");
    tracing::info!("outside");
    drop(guard);

    let lines: Vec<Value> = sink
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).expect("it is JSON"))
        .collect();
    let expected = [
        ("handler", None, None),
        ("inner", Some("job-7"), Some("inner")),
        ("task", Some("job-7"), Some("outer")),
        ("blocking", Some("job-7"), Some("outer")),
        ("after", None, None),
        ("body", None, None),
    ];
    assert_eq!(lines.len(), expected.len() + 1, "{lines:#?}");
    for (line, (message, job, stage)) in lines.iter().zip(expected) {
        assert_eq!(line["message"], message);
        assert_eq!(line["trace_id"], TRACE, "{line}");
        assert_eq!(line["request_id"], "r-1", "{line}");
        assert_eq!(line.get("job_id").and_then(Value::as_str), job, "{line}");
        assert_eq!(line.get("stage").and_then(Value::as_str), stage, "{line}");
    }
    let outside = &lines[expected.len()];
    assert!(
        outside.get("trace_id").is_none() && outside.get("request_id").is_none(),
        "{outside}"
    );
    assert!(Ids::current().is_empty());
}

#[tokio::test]
async fn the_trace_goes_on_where_nobody_logs_and_nobody_exports() {
    let _alone = ONE_AT_A_TIME.lock().await;
    provider();
    let response = app().oneshot(request()).await.expect("it answers");
    let onward = response.headers()["onward"].to_str().expect("it is text");
    assert_eq!(&onward[..36], &PARENT[..36], "the same trace");
    assert_ne!(&onward[36..52], &PARENT[36..52], "below a span of ours");
    assert_eq!(
        &onward[53..],
        "03",
        "sampled and random, as the caller said"
    );
}
