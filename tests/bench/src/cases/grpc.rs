//! gRPC: a tonic unary method behind tonic's own router, called in process.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use http::{Method, Request, Response, Version, header};
use http_body_util::Full;
use prost::Message;
use throughline_catalog::catalog;
use throughline_correlation::RequestIdLayer;
use throughline_grpc as ours;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::service::Routes;
use tonic_prost::ProstCodec;
use tonic_tracing_opentelemetry::middleware::{client, server};
use tower::layer::util::Identity;
use tower::{Layer, Service, ServiceBuilder};
use tracing::Level;

use super::http::traceparent;
use super::{Case, Cpu, Group, REQUESTS, bar, base, group, ours, peer};
use crate::telemetry as t;
use crate::workload::{Served, Settle, Workload, both, nothing};

catalog! { pub mod families, budget 100_000;
    /// Calls served.
    counter bench_calls_total { method: ours::Method, code: ours::Code };
    /// Time from a call to its status.
    histogram bench_call_duration_seconds { method: ours::Method, code: ours::Code }
        buckets [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
    /// Calls being served.
    gauge bench_calls_in_flight { method: ours::Method };
}

pub(super) fn groups() -> Vec<Group> {
    let metrics = vec![
        bare("grpc-metrics/bare"),
        ours(
            "grpc-metrics/throughline",
            "throughline `ServerLayer`: total{method,code}, duration{method,code}, \
            in_flight{method}, to the trailers; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                layered(metrics_layer(), settle)
            },
        )
        .bar(bar(4.0, 3_000.0, Cpu::Ns(400.0)))
        .contended(),
        peer(
            "grpc-metrics/tonic-prometheus",
            "tonic_prometheus_layer: started, handled, duration, to the head, raw path \
            as label; prometheus",
            || layered(tonic_prometheus_layer::MetricsLayer::new(), nothing()),
        )
        .contended(),
    ];
    let on = vec![
        bare("grpc-span-on/bare"),
        ours(
            "grpc-span-on/throughline",
            "throughline `ServerLayer::trace`: OpenTelemetry API",
            || {
                let (_, settle) = t::tracer_provider(true);
                layered(ours::ServerLayer::new().trace(), settle)
            },
        )
        .bar(bar(12.0, 8_000.0, Cpu::Ns(1_000.0))),
        ours(
            "grpc-span-on/throughline-whole",
            "throughline: id, span, three families",
            || {
                let (_, spans) = t::tracer_provider(true);
                let stack = ServiceBuilder::new()
                    .layer(RequestIdLayer::new())
                    .layer(metrics_layer().trace());
                layered(stack, both(t::prometheus_recorder(), spans))
            },
        )
        .bar(bar(16.0, 11_000.0, Cpu::Ns(1_400.0))),
        peer(
            "grpc-span-on/tonic-tracing-otel",
            "tonic-tracing-opentelemetry: `tracing` through the bridge",
            || {
                let settle = t::bridge(true);
                layered(server::OtelGrpcLayer::default(), settle)
            },
        ),
        peer(
            "grpc-span-on/tower-otel",
            "tower-otel: `tracing` through the bridge, every header",
            || {
                let settle = t::bridge(true);
                layered(tower_otel::trace::GrpcLayer::server(Level::INFO), settle)
            },
        ),
    ];
    let off = vec![
        bare("grpc-span-off/bare"),
        ours(
            "grpc-span-off/throughline",
            "throughline `ServerLayer::trace`",
            || {
                let (_, settle) = t::tracer_provider(false);
                layered(ours::ServerLayer::new().trace(), settle)
            },
        ),
        peer(
            "grpc-span-off/tonic-tracing-otel",
            "tonic-tracing-opentelemetry",
            || {
                let settle = t::bridge(false);
                layered(server::OtelGrpcLayer::default(), settle)
            },
        ),
        peer("grpc-span-off/tower-otel", "tower-otel", || {
            let settle = t::bridge(false);
            layered(tower_otel::trace::GrpcLayer::server(Level::INFO), settle)
        }),
    ];
    // The same service stands for the far end.
    let client = vec![
        bare("grpc-client/bare"),
        ours(
            "grpc-client/throughline",
            "throughline `ClientLayer::trace`: span and injection",
            || {
                let (_, settle) = t::tracer_provider(true);
                layered(ours::ClientLayer::new().trace(), settle)
            },
        )
        .bar(bar(14.0, 9_000.0, Cpu::Ns(1_100.0))),
        peer(
            "grpc-client/tonic-tracing-otel",
            "tonic-tracing-opentelemetry: span and injection",
            || {
                let settle = t::bridge(true);
                layered(client::OtelGrpcLayer, settle)
            },
        ),
        peer(
            "grpc-client/tower-otel",
            "tower-otel: span and injection",
            || {
                let settle = t::bridge(true);
                layered(tower_otel::trace::GrpcLayer::client(Level::INFO), settle)
            },
        ),
    ];
    [
        ("grpc-metrics", "gRPC server metrics", metrics),
        ("grpc-span-on", "gRPC server span, sampled", on),
        ("grpc-span-off", "gRPC server span, not sampled", off),
        ("grpc-client", "gRPC client span and injection", client),
    ]
    .map(|(name, title, cases)| group(name, title, "call", REQUESTS, cases))
    .into()
}

fn bare(name: &'static str) -> Case {
    base(name, "bare tonic router, one unary method", || {
        layered(Identity::new(), nothing())
    })
}

fn metrics_layer() -> ours::ServerLayer {
    ours::ServerLayer::new()
        .total(families::bench_calls_total)
        .duration(families::bench_call_duration_seconds)
        .in_flight(families::bench_calls_in_flight)
}

#[derive(Clone, PartialEq, Message)]
struct Ping {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, tag = "2")]
    count: i64,
}

/// The server that a generator would write for one unary method, by hand.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "bench.Echo";
}

type Boxed<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Boxed<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert_eq!(request.uri().path(), "/bench.Echo/Ping");
        Box::pin(async move {
            Ok(Grpc::new(ProstCodec::default())
                .unary(PingMethod, request)
                .await)
        })
    }
}

struct PingMethod;

impl UnaryService<Ping> for PingMethod {
    type Response = Ping;
    type Future = Boxed<tonic::Response<Ping>, tonic::Status>;

    fn call(&mut self, request: tonic::Request<Ping>) -> Self::Future {
        Box::pin(async move {
            let Ping { name, count } = request.into_inner();
            Ok(tonic::Response::new(Ping {
                name,
                count: count + 1,
            }))
        })
    }
}

/// The tonic router with `layer` around it, as `Server::layer` puts it.
fn layered<L, R>(layer: L, settle: Settle) -> Box<dyn Workload>
where
    L: Layer<Routes>,
    L::Service: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    <L::Service as Service<Request<Body>>>::Error: Debug,
    R: http_body::Body + 'static,
    R::Error: Debug,
{
    let service = layer.layer(Routes::new(Echo).prepare());
    Box::new(Served::new(service, request, settle))
}

fn request(i: usize) -> Request<Body> {
    let message = Ping {
        name: "agent".into(),
        count: i as i64,
    };
    let mut frame = BytesMut::with_capacity(5 + message.encoded_len());
    frame.put_u8(0);
    frame.put_u32(message.encoded_len() as u32);
    message.encode(&mut frame).expect("there is room");
    Request::builder()
        .method(Method::POST)
        .version(Version::HTTP_2)
        .uri("http://svc.example.test:50051/bench.Echo/Ping")
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .header(header::USER_AGENT, "throughline-bench/0")
        .header("traceparent", traceparent(i % 1_000_000))
        .body(Body::new(Full::new(Bytes::from(frame))))
        .expect("the request is valid")
}
