//! HTTP server spans, recorded and not.

use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use opentelemetry_instrumentation_tower::http::server::LayerBuilder;
use throughline_http::ServerLayer;
use tower::layer::util::Identity;
use tracing::Level;

use super::http::{bare, layered};
use super::{Cpu, Group, REQUESTS, bar, base, group, identity, ours, peer};
use crate::telemetry as t;
use crate::workload::nothing;

pub(super) fn groups() -> Vec<Group> {
    let on = vec![
        base("span-on/bare", "bare axum router", bare),
        identity(
            "span-on/identity",
            "identity layer: axum's own price",
            || layered(Identity::new(), nothing()),
        ),
        ours(
            "span-on/throughline",
            "throughline `ServerLayer::trace`: OpenTelemetry API",
            || {
                let (_, settle) = t::tracer_provider(true);
                layered(ServerLayer::new().trace(), settle)
            },
        )
        .bar(bar(12.0, 8_000.0, Cpu::Ns(950.0))),
        peer(
            "span-on/axum-tracing-otel",
            "axum-tracing-opentelemetry: `tracing` through the bridge, its defaults",
            || {
                let settle = t::bridge(true);
                layered(OtelAxumLayer::default(), settle)
            },
        ),
        peer(
            "span-on/axum-tracing-otel-lean",
            "axum-tracing-opentelemetry: the bridge without location, threads, idle \
            times",
            || {
                let settle = t::lean_bridge(true);
                layered(OtelAxumLayer::default(), settle)
            },
        ),
        peer(
            "span-on/tower-otel",
            "tower-otel: `tracing` through the bridge, every header",
            || {
                let settle = t::bridge(true);
                layered(tower_otel::trace::HttpLayer::server(Level::INFO), settle)
            },
        ),
        peer(
            "span-on/otel-instr-tower",
            "opentelemetry-instrumentation-tower: OpenTelemetry API, and its four \
            metrics",
            || {
                t::meter_provider();
                let (_, settle) = t::tracer_provider(true);
                layered(
                    LayerBuilder::builder().build().expect("it cannot fail"),
                    settle,
                )
            },
        ),
    ];
    let off = vec![
        base("span-off/bare", "bare axum router", bare),
        identity(
            "span-off/identity",
            "identity layer: axum's own price",
            || layered(Identity::new(), nothing()),
        ),
        ours(
            "span-off/throughline",
            "throughline `ServerLayer::trace`",
            || {
                let (_, settle) = t::tracer_provider(false);
                layered(ServerLayer::new().trace(), settle)
            },
        )
        .bar(bar(8.0, 5_000.0, Cpu::Ns(550.0))),
        peer(
            "span-off/axum-tracing-otel",
            "axum-tracing-opentelemetry",
            || {
                let settle = t::bridge(false);
                layered(OtelAxumLayer::default(), settle)
            },
        ),
        peer("span-off/tower-otel", "tower-otel", || {
            let settle = t::bridge(false);
            layered(tower_otel::trace::HttpLayer::server(Level::INFO), settle)
        }),
    ];
    vec![
        group(
            "span-on",
            "HTTP server span, sampled",
            "request",
            REQUESTS,
            on,
        ),
        group(
            "span-off",
            "HTTP server span, not sampled",
            "request",
            REQUESTS,
            off,
        ),
    ]
}
