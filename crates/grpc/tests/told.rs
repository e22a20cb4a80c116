//! An error told once, by two services over real sockets. In a process of its own: whether a log event
//! is on is known to the whole process.

#![allow(clippy::unwrap_used)]

#[path = "it/echo.rs"]
#[allow(dead_code, reason = "a part of it is enough here")]
mod echo;
#[path = "it/script.rs"]
#[allow(dead_code, unused_imports, reason = "a part of it is enough here")]
mod script;

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex},
    task,
};

use bytes::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use opentelemetry::{global, trace::Status as SpanStatus};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_context::Trust;
use throughline_fault::{Fault, FaultId};
use throughline_grpc::{
    AttemptLayer, Client, ClientLayer, Method, ServerLayer, peer_error, with_fault,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    server::NamedService,
    transport::{Channel, Endpoint, Server},
};
use tower::{Service, ServiceBuilder, service_fn};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry};

use crate::echo::{EchoClient, Plain, STREAM, UNARY};

/// What is behind the error, which nobody outside of the service may see.
const CAUSE: &str = "10.0.0.7 refused";
const FORGED: &str = "00f067aa0ba902b7";

/// The tests go one after the other: the tracer provider is the process's, and a subscriber that comes
/// while another thread meets a call site for the first time may not be asked about it.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Events as `LEVEL kind`, or `LEVEL method` of an access line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Name(Option<String>);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if matches!(field.name(), "error_kind" | "method") {
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

/// A service whose every call fails with what `error` makes: in the head, or in the trailers after a
/// first message.
#[derive(Clone)]
struct Failing<F>(F);

impl<F> NamedService for Failing<F> {
    const NAME: &'static str = "echo.Echo";
}

impl<F, E> Service<http::Request<tonic::body::Body>> for Failing<F>
where
    F: Fn() -> E + Clone + Send + Sync + 'static,
    E: Future<Output = Status> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let Self(error) = self.clone();
        Box::pin(async move {
            if request.uri().path() != "/echo.Echo/Stream" {
                return Ok(error().await.into_http());
            }
            let answers = service_fn(move |_: Request<Bytes>| {
                let error = error.clone();
                async move {
                    let first = stream::iter([Ok(Bytes::from("first"))]);
                    let last = stream::once(async move { Err(error().await) });
                    Ok::<_, Status>(Response::new(first.chain(last).boxed()))
                }
            });
            let mut grpc = tonic::server::Grpc::new(Plain);
            Ok(grpc.server_streaming(answers, request).await)
        })
    }
}

async fn serve<F, E>(layer: Option<ServerLayer>, error: F) -> SocketAddr
where
    F: Fn() -> E + Clone + Send + Sync + 'static,
    E: Future<Output = Status> + Send + 'static,
{
    // Known, although no handler has answered with a message yet.
    Method::seed([UNARY, STREAM]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = TcpListenerStream::new(listener);
    let (mut builder, service) = (Server::builder(), Failing(error));
    match layer {
        Some(layer) => {
            let server = builder.layer(layer).add_service(service);
            tokio::spawn(server.serve_with_incoming(incoming));
        }
        None => {
            let server = builder.add_service(service);
            tokio::spawn(server.serve_with_incoming(incoming));
        }
    }
    address
}

async fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect().await.unwrap()
}

/// The status that a call ends with, and whether it stood in the trailers or the head.
#[derive(Clone, Copy, Debug)]
enum Place {
    Head,
    Trailers,
}

async fn call<T>(client: &mut EchoClient<T>, place: Place) -> Status
where
    T: tonic::client::GrpcService<tonic::body::Body>,
    T::Error: Into<tower::BoxError>,
    T::ResponseBody: http_body::Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as http_body::Body>::Error: Into<tower::BoxError> + Send,
{
    match place {
        Place::Head => client.unary("").await.unwrap_err(),
        Place::Trailers => {
            let mut messages = client.stream("").await.unwrap();
            assert_eq!(messages.message().await.unwrap().unwrap(), "first");
            messages.message().await.unwrap_err()
        }
    }
}

/// The error of the far service.
async fn store_down() -> Status {
    let cause = std::io::Error::other(CAUSE);
    let fault = Fault::error("store_down", std::io::Error::other(cause));
    with_fault(Status::internal("the store is down"), fault.id())
}

fn observed() -> ServerLayer {
    ServerLayer::new().trace().access_log()
}

/// What came of one call to the near service.
struct Seen {
    lines: Vec<String>,
    counts: Vec<String>,
    /// What its caller got.
    status: Status,
    /// The spans whose status is an error, the first that ended first.
    failed: Vec<String>,
}

impl Seen {
    fn mark(&self) -> Option<&str> {
        let mark = self.status.metadata().get(FaultId::HEADER);
        mark.map(|id| id.to_str().unwrap())
    }
}

/// A call to a service that calls `far` through `client`, and has an error of it.
async fn through(client: ClientLayer, far: SocketAddr, place: Place) -> Seen {
    let stack = ServiceBuilder::new()
        .layer(client)
        .layer(AttemptLayer::new())
        .service(channel(far).await);
    let near = move || {
        let mut far: EchoClient<Client<_>> = EchoClient::new(stack.clone());
        async move {
            let status = call(&mut far, place).await;
            let fault = Fault::error("far_end_failed", peer_error(status));
            with_fault(Status::unavailable("the far end failed"), fault.id())
        }
    };
    answered(Some(observed()), near, place).await
}

async fn answered<F, E>(layer: Option<ServerLayer>, near: F, place: Place) -> Seen
where
    F: Fn() -> E + Clone + Send + Sync + 'static,
    E: Future<Output = Status> + Send + 'static,
{
    let lines = Lines::default();
    let _heard = tracing::subscriber::set_default(registry().with(lines.clone()));
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counted = metrics::set_default_local_recorder(&recorder);
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    global::set_tracer_provider(provider);

    let near = serve(layer, near).await;
    let status = call(&mut EchoClient::new(channel(near).await), place).await;
    let mut counts: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name().starts_with("throughline_fault"))
        .map(|(key, _, _, value)| {
            let DebugValue::Counter(n) = value else {
                panic!("{key:?}")
            };
            let label = key.key().labels().next().unwrap().value().to_owned();
            format!("{} {label} {n}", key.key().name())
        })
        .collect();
    counts.sort();
    let spans = exporter.get_finished_spans().unwrap().into_iter();
    Seen {
        lines: std::mem::take(&mut *lines.0.lock().unwrap()),
        counts,
        status,
        failed: spans
            .filter(|span| span.status == SpanStatus::error(""))
            .map(|span| span.span_context.span_id().to_string())
            .collect(),
    }
}

const BOTH: [Place; 2] = [Place::Head, Place::Trailers];

/// The level of the lines by kind, whatever the order: the ends of two calls are not ordered.
fn told(seen: &Seen) -> Vec<&str> {
    let mut lines: Vec<_> = seen.lines.iter().map(String::as_str).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn k6_between_services_that_are_ours_an_error_is_told_once() {
    let _alone = ALONE.lock().await;
    for place in BOTH {
        let far = serve(Some(observed()), store_down).await;
        let client = ClientLayer::new().access_log().believe_fault_marks();
        let seen = through(client, far, place).await;
        let method = match place {
            Place::Head => UNARY,
            Place::Trailers => STREAM,
        };
        let line = format!("INFO {method}");
        let expected = [
            "DEBUG far_end_failed",
            "ERROR store_down",
            &line,
            &line,
            &line,
        ];
        assert_eq!(told(&seen), expected, "{place:?}");
        assert_eq!(
            seen.counts,
            [
                "throughline_fault_marks_total honoured 1",
                "throughline_faults_total error 1",
            ],
            "{place:?}"
        );
        // Both services have failed, whoever told of it, and the next learns where the line stands.
        assert_eq!(seen.failed.len(), 2, "{place:?}");
        let mark = seen.mark().unwrap();
        assert!(seen.failed.iter().any(|id| id == mark), "{mark}");
        let all = format!("{:?} {:?}", seen.status, seen.lines);
        assert!(!all.contains("10.0.0.7"), "{all}");
    }
}

#[tokio::test]
async fn k6_a_peer_that_is_not_listed_is_not_believed() {
    let _alone = ALONE.lock().await;
    for place in BOTH {
        let far = serve(Some(observed()), store_down).await;
        let seen = through(ClientLayer::new(), far, place).await;
        let kinds: Vec<_> = told(&seen)
            .into_iter()
            .filter(|line| !line.contains("echo.Echo"))
            .collect();
        assert_eq!(kinds, ["ERROR far_end_failed", "ERROR store_down"]);
        assert_eq!(
            seen.counts,
            [
                "throughline_fault_marks_total ignored 1",
                "throughline_faults_total error 2",
            ],
            "{place:?}"
        );
    }
}

/// A status with this text where a mark stands.
fn forged(mark: &'static str) -> Status {
    let mut status = Status::internal("forged");
    status
        .metadata_mut()
        .insert(FaultId::HEADER, mark.parse().unwrap());
    status
}

#[tokio::test]
async fn k6_a_forged_mark_silences_nobody() {
    let _alone = ALONE.lock().await;
    for place in BOTH {
        // A stranger, without our layers.
        let stranger = serve(None, || async { forged(FORGED) }).await;
        let seen = through(ClientLayer::new(), stranger, place).await;
        assert!(seen.lines.contains(&"ERROR far_end_failed".to_owned()));
        assert_eq!(seen.counts[0], "throughline_fault_marks_total ignored 1");
        assert_ne!(seen.mark(), Some(FORGED));

        // A service of ours that passes on what a stranger answered to a client without our layer.
        let passing = move || async move {
            let mut stranger = EchoClient::new(channel(stranger).await);
            call(&mut stranger, place).await
        };
        let ours = serve(Some(observed()), passing).await;
        let client = ClientLayer::new().believe_fault_marks();
        let seen = through(client.clone(), ours, place).await;
        assert!(seen.lines.contains(&"ERROR far_end_failed".to_owned()));
        assert_eq!(seen.counts, ["throughline_faults_total error 1"]);

        let ours = serve(None, || async { forged("told, believe me") }).await;
        let seen = through(client, ours, place).await;
        assert!(seen.lines.contains(&"ERROR far_end_failed".to_owned()));
        assert_eq!(seen.counts[0], "throughline_fault_marks_total malformed 1");

        // Without a layer nobody has said that the far end is ours.
        let unlayered = move || async move {
            let status = call(&mut EchoClient::new(channel(stranger).await), place).await;
            let fault = Fault::error("far_end_failed", peer_error(status));
            Status::unavailable(fault.kind())
        };
        let seen = answered(Some(observed()), unlayered, place).await;
        assert!(seen.lines.contains(&"ERROR far_end_failed".to_owned()));
    }
}

#[tokio::test]
async fn a_status_that_is_passed_on_keeps_the_mark_that_was_believed() {
    let _alone = ALONE.lock().await;
    for place in BOTH {
        let far = serve(Some(observed()), store_down).await;
        let client = ClientLayer::new().believe_fault_marks();
        let stack = tower::Layer::layer(&client, channel(far).await);
        let near = move || {
            let mut far = EchoClient::new(stack.clone());
            async move { call(&mut far, place).await }
        };
        let seen = answered(Some(observed()), near, place).await;
        assert!(
            seen.failed
                .iter()
                .any(|id| Some(id.as_str()) == seen.mark())
        );
    }
}

#[tokio::test]
async fn at_an_edge_no_mark_goes_out() {
    let _alone = ALONE.lock().await;
    for place in BOTH {
        let layer = ServerLayer::new().trust(Trust::Edge);
        let seen = answered(Some(layer), store_down, place).await;
        assert_eq!(seen.status.message(), "the store is down");
        assert_eq!(seen.mark(), None, "{place:?}");
    }
}
