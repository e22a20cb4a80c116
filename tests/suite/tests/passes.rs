//! Whatever is off, the trace that passes through goes on: over HTTP and gRPC, with its state, its flags
//! and the request's id. In a process of its own: the tracer provider and the switch are the process's.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use http::{HeaderMap, Request, Response};
use opentelemetry::{
    global,
    trace::{TracerProvider, noop::NoopTracerProvider},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider};
use throughline_catalog::catalog;
use throughline_context::{Concern, Switch, spawn};
use throughline_correlation::{ForwardIdsLayer, RequestIdLayer};
use throughline_telemetry::TrustBased;
use tokio::sync::{Mutex, MutexGuard};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, layer::SubscriberExt, registry};

catalog! { mod passing, budget 100;
    /// Requests.
    counter passing_requests_total {};
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const STATE: &str = "a=1,foo@@bar=2";

type Body = http_body_util::Empty<bytes::Bytes>;

/// Which concerns the layers have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Concerns {
    All,
    None,
}

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Http,
    Grpc,
}

/// The far end, which shows what it was sent.
async fn far_end(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let mut response = Response::new(Body::new());
    *response.headers_mut() = request.headers().clone();
    Ok(response)
}

#[tracing::instrument]
async fn outer(protocol: Protocol, concerns: Concerns) -> HeaderMap {
    tracing::info!("in the handler");
    // In a task as well: whatever is off, the scope is kept.
    spawn(inner(protocol, concerns)).await.unwrap()
}

#[tracing::instrument]
async fn inner(protocol: Protocol, concerns: Concerns) -> HeaderMap {
    let request = Request::post("http://far.internal/far.Far/End").body(Body::new());
    let request = request.unwrap();
    match protocol {
        Protocol::Http => {
            let layer = throughline_http::ClientLayer::new();
            let layer = match concerns {
                Concerns::All => layer.trace().total(passing::passing_requests_total),
                Concerns::None => layer,
            };
            let client = ServiceBuilder::new()
                .layer(layer)
                .layer(ForwardIdsLayer::new());
            let response = client.service_fn(far_end).oneshot(request).await.unwrap();
            response.headers().clone()
        }
        Protocol::Grpc => {
            let layer = throughline_grpc::ClientLayer::new();
            let layer = match concerns {
                Concerns::All => layer.trace().total(passing::passing_requests_total),
                Concerns::None => layer,
            };
            let client = ServiceBuilder::new()
                .layer(layer)
                .layer(ForwardIdsLayer::new());
            let response = client.service_fn(far_end).oneshot(request).await.unwrap();
            response.headers().clone()
        }
    }
}

/// What reaches the far end of a request with these flags, through a server and a client.
async fn passed(protocol: Protocol, concerns: Concerns, flags: &str) -> HeaderMap {
    let request = Request::post("/near.Near/Call")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-{flags}"))
        .header("tracestate", STATE)
        .header("x-request-id", "r-1")
        .body(Body::new())
        .unwrap();
    let handler = service_fn(move |_: Request<Body>| async move {
        let mut response = Response::new(Body::new());
        *response.headers_mut() = outer(protocol, concerns).await;
        Ok::<_, Infallible>(response)
    });
    let ids = RequestIdLayer::new();
    match protocol {
        Protocol::Http => {
            let layer = throughline_http::ServerLayer::new();
            let layer = match concerns {
                Concerns::All => layer
                    .trace()
                    .access_log()
                    .total(passing::passing_requests_total),
                Concerns::None => layer,
            };
            let server = ServiceBuilder::new().layer(ids).layer(layer);
            let response = server.service(handler).oneshot(request).await.unwrap();
            response.headers().clone()
        }
        Protocol::Grpc => {
            let layer = throughline_grpc::ServerLayer::new();
            let layer = match concerns {
                Concerns::All => layer
                    .trace()
                    .access_log()
                    .total(passing::passing_requests_total),
                Concerns::None => layer,
            };
            let server = ServiceBuilder::new().layer(ids).layer(layer);
            let response = server.service(handler).oneshot(request).await.unwrap();
            response.headers().clone()
        }
    }
}

/// Everything that passes, with each of the flags; `records` says whether this process does.
async fn all_pass(concerns: Concerns, records: bool) {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        for flags in ["00", "01", "02", "03"] {
            let sent = passed(protocol, concerns, flags).await;
            let text = |name: &str| {
                let mut values = sent.get_all(name).iter();
                let value = values.next().unwrap().to_str().unwrap().to_owned();
                assert!(values.next().is_none(), "{name}");
                value
            };
            let parent = text("traceparent");
            assert_eq!(&parent[..36], format!("00-{TRACE}-"), "{protocol:?}");
            let onward = match (records, flags) {
                (true, "00") => "01",
                (true, "02") => "03",
                _ => flags,
            };
            assert_eq!(&parent[53..], onward, "{protocol:?} {flags}");
            assert_eq!(text("tracestate"), STATE, "{protocol:?} {flags}");
            assert_eq!(text("x-request-id"), "r-1", "{protocol:?} {flags}");
        }
    }
}

static ALONE: Mutex<()> = Mutex::const_new(());

/// The tests go one after the other, each from the same start: a provider that records all and exports
/// to memory, and nothing switched off.
async fn begin() -> (MutexGuard<'static, ()>, InMemorySpanExporter) {
    let alone = ALONE.lock().await;
    let exporter = InMemorySpanExporter::default();
    global::set_tracer_provider(provider(Sampler::AlwaysOn, &exporter));
    for concern in Concern::ALL {
        Switch::global().set(concern, true);
    }
    Switch::global().set_all(true);
    (alone, exporter)
}

fn provider(sampler: Sampler, exporter: &InMemorySpanExporter) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_sampler(TrustBased::new(sampler))
        .with_simple_exporter(exporter.clone())
        .build()
}

fn exported(exporter: &InMemorySpanExporter) -> usize {
    exporter.get_finished_spans().unwrap().len()
}

#[tokio::test]
async fn a13_with_everything_on() {
    let (_alone, exporter) = begin().await;
    all_pass(Concerns::All, true).await;
    assert_eq!(
        exported(&exporter),
        2 * 4 * 2,
        "the rest of this file proves something"
    );
}

#[tokio::test]
async fn a13_with_the_sampler_off() {
    let (_alone, exporter) = begin().await;
    global::set_tracer_provider(provider(Sampler::AlwaysOff, &exporter));
    all_pass(Concerns::All, false).await;
    assert_eq!(exported(&exporter), 0);
}

#[tokio::test]
async fn a13_with_the_exporter_off() {
    let (_alone, _) = begin().await;
    // Spans are recorded, and nobody exports them.
    let sampler = TrustBased::new(Sampler::AlwaysOn);
    let unheard = SdkTracerProvider::builder().with_sampler(sampler).build();
    global::set_tracer_provider(unheard);
    all_pass(Concerns::All, true).await;
    // There is no provider at all.
    global::set_tracer_provider(NoopTracerProvider::new());
    all_pass(Concerns::All, false).await;
    // There was one, and it has been shut down.
    let ended = SdkTracerProvider::builder().build();
    ended.shutdown().unwrap();
    global::set_tracer_provider(ended);
    all_pass(Concerns::All, false).await;
}

#[tokio::test]
async fn a13_with_the_switch_off() {
    let (_alone, exporter) = begin().await;
    for concern in [Concern::Metrics, Concern::AccessLog, Concern::Jobs] {
        Switch::global().set(concern, false);
        all_pass(Concerns::All, true).await;
    }
    let before = exported(&exporter);
    Switch::global().set(Concern::Spans, false);
    all_pass(Concerns::All, false).await;
    Switch::global().set_all(false);
    all_pass(Concerns::All, false).await;
    assert_eq!(exported(&exporter), before);
}

#[tokio::test]
async fn a13_with_every_concern_off() {
    let (_alone, exporter) = begin().await;
    all_pass(Concerns::None, false).await;
    assert_eq!(exported(&exporter), 0);
}

/// A layer for the spans of `tracing`, as telemetry installs it.
fn bridge<S>(exporter: &InMemorySpanExporter) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let tracer = provider(Sampler::AlwaysOn, exporter).tracer("tracing");
    tracing_opentelemetry::layer().with_tracer(tracer)
}

#[tokio::test]
async fn a13_with_the_log_level_off() {
    let (_alone, exporter) = begin().await;
    let subscriber = registry().with(LevelFilter::OFF).with(bridge(&exporter));
    let _guard = tracing::subscriber::set_default(subscriber);
    all_pass(Concerns::All, true).await;
    all_pass(Concerns::None, false).await;
    assert_eq!(exported(&exporter), 2 * 4 * 2, "those of the layers alone");
}

#[tokio::test]
async fn a13_with_the_span_filter_off() {
    // The exporter forgets when the provider of a bridge ends, so each has its own.
    {
        let (_alone, exporter) = begin().await;
        let on = registry().with(bridge(&exporter));
        let _guard = tracing::subscriber::set_default(on);
        all_pass(Concerns::All, true).await;
        assert_eq!(
            exported(&exporter),
            2 * 4 * 4,
            "the handler's spans among them"
        );
    }
    for off in [LevelFilter::OFF, LevelFilter::ERROR] {
        let (_alone, exporter) = begin().await;
        let filtered = registry().with(bridge(&exporter).with_filter(off));
        let _guard = tracing::subscriber::set_default(filtered);
        all_pass(Concerns::All, true).await;
        all_pass(Concerns::None, false).await;
        assert_eq!(exported(&exporter), 2 * 4 * 2);
    }
}
