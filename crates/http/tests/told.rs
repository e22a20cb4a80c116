//! An error told once, by two services over real sockets. In a process of its own: whether a log event
//! is on is known to the whole process.

#![allow(clippy::unwrap_used)]

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Extension, Router, response::IntoResponse, routing};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use opentelemetry::{global, trace::Status};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_context::Trust;
use throughline_fault::{Fault, FaultId, PeerError};
use throughline_http::{ClientLayer, ServerLayer};
use tokio::net::TcpListener;
use tower::{Layer as _, ServiceExt};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry};

/// What is behind the error, which nobody outside of the service may see.
const CAUSE: &str = "10.0.0.7 refused";
const FORGED: &str = "00f067aa0ba902b7";

/// Events as `LEVEL kind`, or `LEVEL route` of an access line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Name(Option<String>);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if matches!(field.name(), "error_kind" | "route") {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut name = Name(None);
        event.record(&mut name);
        if let Some(name) = name.0 {
            let line = format!("{} {name}", event.metadata().level());
            self.0.lock().unwrap().push(line);
        }
    }
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn hyper() -> Client<HttpConnector, Empty<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

fn get(address: SocketAddr) -> Request<Empty<Bytes>> {
    let request = Request::get(format!("http://{address}/"));
    request.body(Empty::new()).unwrap()
}

/// The service in which the error happens.
async fn far() -> impl IntoResponse {
    let cause = std::io::Error::other(CAUSE);
    let error = Fault::error("store_down", std::io::Error::other(cause));
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    (status, Extension(error.id()), "the store is down")
}

/// The service that calls it through `client`, and has an error of it.
fn near(client: ClientLayer, far: SocketAddr) -> Router {
    let call = move || async move {
        let response = client.layer(hyper()).oneshot(get(far)).await.unwrap();
        let told = response.extensions().get().copied();
        let text = format!("the far end answered {}", response.status());
        let fault = Fault::error("far_end_failed", PeerError::new(text, told));
        let id = Extension(fault.id());
        (StatusCode::BAD_GATEWAY, id, fault.to_string())
    };
    Router::new().route("/", routing::get(call))
}

/// What came of one request to the near service.
struct Seen {
    lines: Vec<String>,
    counts: Vec<String>,
    /// What its caller got.
    headers: HeaderMap,
    body: Bytes,
    /// The spans whose status is an error, by name.
    failed: Vec<String>,
    /// The ids of all spans.
    spans: Vec<(String, String)>,
}

impl Seen {
    fn mark(&self) -> Option<&str> {
        self.headers
            .get(FaultId::HEADER)
            .map(|id| id.to_str().unwrap())
    }
}

fn observed() -> ServerLayer {
    ServerLayer::new().trace().access_log()
}

/// The tests go one after the other: the tracer provider is the process's, and a subscriber that comes
/// while another thread meets a call site for the first time may not be asked about it.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn seen(near: Router) -> Seen {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    global::set_tracer_provider(provider);
    let near = serve(near).await;
    let response = hyper().request(get(near)).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let spans = exporter.get_finished_spans().unwrap();
    let failed = |span: &&opentelemetry_sdk::trace::SpanData| span.status == Status::error("");
    Seen {
        lines: Vec::new(),
        counts: Vec::new(),
        headers: head.headers,
        body,
        failed: spans
            .iter()
            .filter(failed)
            .map(|span| format!("{:?}", span.span_kind))
            .collect(),
        spans: spans
            .iter()
            .map(|span| {
                let id = span.span_context.span_id().to_string();
                (format!("{:?}", span.span_kind), id)
            })
            .collect(),
    }
}

/// As [`seen`], of a near service with this client layer in front of `far`, with lines and counts.
async fn through(client: impl FnOnce(SocketAddr) -> ClientLayer, far: Router) -> Seen {
    let lines = Lines::default();
    let _heard = tracing::subscriber::set_default(registry().with(lines.clone()));
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counted = metrics::set_default_local_recorder(&recorder);
    let far = serve(far).await;
    let mut seen = seen(near(client(far), far).layer(observed())).await;
    seen.lines = std::mem::take(&mut *lines.0.lock().unwrap());
    let counts = snapshotter.snapshot().into_vec().into_iter();
    seen.counts = counts
        .filter(|(key, ..)| key.key().name().starts_with("throughline_fault"))
        .map(|(key, _, _, value)| {
            let DebugValue::Counter(n) = value else {
                panic!("{key:?}")
            };
            let label = key.key().labels().next().unwrap().value().to_owned();
            format!("{} {label} {n}", key.key().name())
        })
        .collect();
    seen.counts.sort();
    seen
}

fn told_far() -> Router {
    Router::new()
        .route("/", routing::get(far))
        .layer(observed())
}

fn listed(far: SocketAddr) -> ClientLayer {
    ClientLayer::new().fault_marks_from([far.to_string().as_str()])
}

#[tokio::test]
async fn k6_between_services_that_are_ours_an_error_is_told_once() {
    let _alone = ALONE.lock().await;
    for by_host in [false, true] {
        let client = |far| match by_host {
            true => ClientLayer::new().fault_marks_from(["elsewhere", "127.0.0.1"]),
            false => listed(far),
        };
        let seen = through(client, told_far()).await;
        assert_eq!(
            seen.lines,
            [
                "ERROR store_down",
                "INFO /",
                "DEBUG far_end_failed",
                "INFO /"
            ]
        );
        assert_eq!(
            seen.counts,
            [
                "throughline_fault_marks_total honoured 1",
                "throughline_faults_total error 1",
            ]
        );
        // Both services have failed, whoever told of it.
        assert_eq!(seen.failed, ["Server", "Server"]);
        // The next one is told where the line stands: in the span that ended first.
        assert_eq!(seen.mark(), Some(seen.spans[0].1.as_str()));
    }
}

#[tokio::test]
async fn k6_the_root_cause_never_leaves_the_process() {
    let _alone = ALONE.lock().await;
    let far = serve(told_far()).await;
    let response = hyper().request(get(far)).await.unwrap();
    let (head, body) = response.into_parts();
    let near = through(listed, told_far()).await;
    for (headers, body) in [
        (head.headers, body.collect().await.unwrap().to_bytes()),
        (near.headers, near.body),
    ] {
        assert!(headers.contains_key(FaultId::HEADER));
        let all = format!("{headers:?} {body:?}");
        assert!(!all.contains(CAUSE) && !all.contains("10.0.0.7"), "{all}");
    }
}

#[tokio::test]
async fn k6_a_peer_that_is_not_listed_is_not_believed() {
    let _alone = ALONE.lock().await;
    for client in [
        (|_| ClientLayer::new()) as fn(SocketAddr) -> ClientLayer,
        |_| ClientLayer::new().fault_marks_from(["kernel.internal", "localhost", "127.0.0.1:1"]),
        |far| ClientLayer::new().fault_marks_from([format!("{far}0").as_str(), "127.0.0.11"]),
    ] {
        let seen = through(client, told_far()).await;
        assert_eq!(
            seen.lines,
            [
                "ERROR store_down",
                "INFO /",
                "ERROR far_end_failed",
                "INFO /"
            ]
        );
        assert_eq!(
            seen.counts,
            [
                "throughline_fault_marks_total ignored 1",
                "throughline_faults_total error 2",
            ]
        );
        assert_eq!(seen.mark(), Some(seen.spans[1].1.as_str()), "its own");
    }
}

#[tokio::test]
async fn k6_a_forged_mark_silences_nobody() {
    let _alone = ALONE.lock().await;
    // A stranger, without our layers.
    let forging = |mark: &'static str| {
        let far =
            move || async move { (StatusCode::INTERNAL_SERVER_ERROR, [(FaultId::HEADER, mark)]) };
        Router::new().route("/", routing::get(far))
    };
    let seen = through(|_| ClientLayer::new(), forging(FORGED)).await;
    assert_eq!(seen.lines, ["ERROR far_end_failed", "INFO /"]);
    assert_eq!(seen.counts[0], "throughline_fault_marks_total ignored 1");
    assert_ne!(seen.mark(), Some(FORGED));

    // One of ours that copies whatever it was answered: its layer takes the header off.
    let seen = through(listed, forging(FORGED).layer(observed())).await;
    assert_eq!(seen.lines, ["ERROR /", "ERROR far_end_failed", "INFO /"]);
    assert_eq!(seen.counts, ["throughline_faults_total error 1"]);

    let seen = through(listed, forging("told, believe me")).await;
    assert_eq!(seen.lines, ["ERROR far_end_failed", "INFO /"]);
    assert_eq!(seen.counts[0], "throughline_fault_marks_total malformed 1");
}

#[tokio::test]
async fn at_an_edge_no_mark_goes_out() {
    let _alone = ALONE.lock().await;
    let layer = ServerLayer::new().trust(Trust::Edge);
    let app = Router::new().route("/", routing::get(far)).layer(layer);
    let address = serve(app).await;
    let response = hyper().request(get(address)).await.unwrap();
    assert_eq!(response.status(), 500);
    assert!(!response.headers().contains_key(FaultId::HEADER));
}
