//! What a service stacks: id, span, metrics, and one JSON line from its handler.

use axum::Router;
use axum::routing::get;
use axum_prometheus::BaseMetricLayer;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use throughline_correlation::RequestIdLayer;
use tracing::info;

use super::http::{metrics_layer, request, serve};
use super::request_id::tower_http;
use super::{Cpu, Group, REQUESTS, bar, base, group, ours, peer};
use crate::telemetry as t;
use crate::workload::{both, nothing};

pub(super) fn groups() -> Vec<Group> {
    let cases = vec![
        base(
            "stack/bare",
            "bare axum router, a line in each handler that nobody listens to",
            || serve(router(), request, nothing()),
        ),
        ours(
            "stack/throughline",
            "throughline: id, span, three families, one JSON line with trace and \
            request id",
            || {
                let settle = t::throughline_all();
                let app = router()
                    .layer(metrics_layer().trace())
                    .layer(RequestIdLayer::new());
                serve(app, request, settle)
            },
        )
        .bar(bar(18.0, 12_000.0, Cpu::Ns(1_600.0))),
        peer(
            "stack/peers",
            "tower-http ids, axum-tracing-opentelemetry, axum-prometheus, \
            `fmt().json()` without ids",
            || {
                let recorder = t::prometheus_recorder();
                let spans = t::fmt_json_and_bridge(true);
                let app = router()
                    .layer(BaseMetricLayer::new())
                    .layer(OtelAxumLayer::default())
                    .layer(tower_http());
                serve(app, request, both(recorder, spans))
            },
        ),
    ];
    vec![group(
        "http-stack",
        "A whole HTTP stack",
        "request",
        REQUESTS,
        cases,
    )]
}

fn router() -> Router {
    Router::new()
        .route("/v1/agents", get(|| answer("[]")))
        .route("/v1/agents/{id}", get(|| answer("{}")))
        .route("/healthz", get(|| answer("ok")))
}

async fn answer(text: &'static str) -> &'static str {
    info!(method = "GET", endpoint = text, status = 200, "answering");
    text
}
