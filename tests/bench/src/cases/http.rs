//! HTTP metrics, on an axum router with three routes that is called in process.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{Route, get};
use axum_prometheus::BaseMetricLayer;
use http::{Method, Request, header};
use opentelemetry::Context;
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_instrumentation_tower::http::server::LayerBuilder;
use throughline_catalog::catalog;
use throughline_http as ours;
use tower::layer::util::Identity;
use tower::{Layer, Service};

use super::floor::FloorLayer;
use super::{Cpu, Group, REQUESTS, bar, base, floor, group, identity, ours, peer};
use crate::telemetry as t;
use crate::workload::{PROBE, Served, Settle, Workload, nothing};

catalog! { pub mod families, budget 500_000;
    /// Requests served.
    counter bench_requests_total { method: ours::Method, route: ours::Route, status: ours::Status };
    /// Time from a request's arrival to the last byte of its response.
    histogram bench_request_duration_seconds { method: ours::Method, route: ours::Route }
        buckets [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
    /// Requests being served.
    gauge bench_requests_in_flight { method: ours::Method, route: ours::Route };
}

pub(super) fn groups() -> Vec<Group> {
    let cases = vec![
        base("http/bare", "bare axum router", bare).contended(),
        identity("http/identity", "identity layer: axum's own price", || {
            layered(Identity::new(), nothing())
        })
        .contended(),
        floor(
            "http/floor",
            "floor: body re-boxed, two clock reads, three cached `metrics` handles \
            (counter, histogram, in-flight gauge; one series each); \
            exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                layered(FloorLayer::new(), settle)
            },
        )
        .contended(),
        ours(
            "http/throughline",
            "throughline `ServerLayer`: total{method,route,status}, \
            duration{method,route}, in_flight{method,route}; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                layered(metrics_layer(), settle)
            },
        )
        .bar(bar(4.0, 3_000.0, Cpu::Floor(1.5)))
        .contended(),
        ours(
            "http/throughline-tally",
            "throughline, the same families; on a recorder that does one atomic \
            addition a call",
            || {
                t::tally_recorder();
                layered(metrics_layer(), nothing())
            },
        )
        .contended(),
        ours(
            "http/throughline-context",
            "throughline without a concern: context and ids kept, nothing counted",
            || layered(ours::ServerLayer::new(), nothing()),
        ),
        peer(
            "http/axum-prometheus",
            "axum-prometheus: total, duration {method,status,endpoint}, \
            pending{method,endpoint}; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                layered(BaseMetricLayer::new(), settle)
            },
        )
        .contended(),
        peer(
            "http/tower-otel",
            "tower-otel metrics: duration, active_requests, body sizes; OpenTelemetry \
            SDK",
            || {
                let meter = t::meter_provider().meter("bench");
                layered(tower_otel::metrics::HttpLayer::server(&meter), nothing())
            },
        )
        .contended(),
        peer(
            "http/otel-instr-tower",
            "opentelemetry-instrumentation-tower, metrics: duration, active_requests, \
            body sizes; OpenTelemetry SDK",
            || {
                t::meter_provider();
                let layer = LayerBuilder::builder().with_tracing(false).build();
                layered(layer.expect("it cannot fail"), nothing())
            },
        )
        .contended(),
    ];
    vec![group(
        "http-metrics",
        "HTTP metrics",
        "request",
        REQUESTS,
        cases,
    )]
}

/// Our layer with the concern metrics.
pub(super) fn metrics_layer() -> ours::ServerLayer {
    ours::ServerLayer::new()
        .total(families::bench_requests_total)
        .duration(families::bench_request_duration_seconds)
        .in_flight(families::bench_requests_in_flight)
}

/// The application under test.
pub(super) fn router() -> Router {
    Router::new()
        .route("/v1/agents", get(|| async { "[]" }))
        .route("/v1/agents/{id}", get(|| async { "{}" }))
        .route("/healthz", get(|| async { "ok" }))
        .route("/context", get(context))
}

/// Shows that the caller's trace has reached the handler.
async fn context() -> impl IntoResponse {
    let context = Context::current();
    let span = context.span().span_context().clone();
    let trace = span.is_valid().then(|| span.trace_id().to_string());
    AppendHeaders(trace.map(|trace| ("trace-in-handler", trace)))
}

pub(super) fn bare() -> Box<dyn Workload> {
    serve(router(), request, nothing())
}

/// The router with `layer` around every route.
pub(super) fn layered<L>(layer: L, settle: Settle) -> Box<dyn Workload>
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Response: IntoResponse + 'static,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
{
    serve(router().layer(layer), request, settle)
}

pub(super) fn serve(
    router: Router,
    make: fn(usize) -> Request<Body>,
    settle: Settle,
) -> Box<dyn Workload> {
    Box::new(Served::new(router.with_state::<()>(()), make, settle))
}

/// A request as a traced caller behind a proxy sends it.
pub(super) fn request(i: usize) -> Request<Body> {
    let builder = match i % 3 {
        _ if i == PROBE => Request::builder().uri("/context"),
        0 => Request::builder().uri("/v1/agents"),
        1 => Request::builder().uri(format!("/v1/agents/{}", i % 64)),
        _ => Request::builder().uri("/healthz"),
    };
    builder
        .method(Method::GET)
        .header(header::HOST, "api.example.test")
        .header(header::USER_AGENT, "throughline-bench/0")
        .header(header::ACCEPT, "*/*")
        .header("traceparent", traceparent(i % 1_000_000))
        .body(Body::empty())
        .expect("the request is valid")
}

pub(super) fn traceparent(i: usize) -> String {
    format!("00-{:032x}-{:016x}-01", i as u128 + 1, i as u64 + 1)
}
