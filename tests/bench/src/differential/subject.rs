//! Who is compared, and how each is set up: as its own documentation says.

use std::error::Error;

use http::{Request, Response, Uri};
use throughline_grpc as ours;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_tracing_opentelemetry::middleware::{client, filters, server};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Layer, Service, ServiceExt};
use tracing::Level;

use super::record;
use super::service::METHODS;

/// A service that is called, whoever's layers are around it.
pub type Client = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Ours,
    TonicTracing,
    TowerOtel,
    TonicPrometheus,
}

impl Subject {
    pub const ALL: [Self; 4] = [
        Self::Ours,
        Self::TonicTracing,
        Self::TowerOtel,
        Self::TonicPrometheus,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "throughline-grpc",
            Self::TonicTracing => "tonic-tracing-opentelemetry",
            Self::TowerOtel => "tower-otel",
            Self::TonicPrometheus => "tonic_prometheus_layer",
        }
    }

    /// Which version of a peer this is, as the manifest pins it.
    pub fn version(self) -> Option<&'static str> {
        let manifest = include_str!("../../Cargo.toml");
        let mut entries = manifest.lines().filter_map(|line| line.split_once(" = "));
        let (_, entry) = entries.find(|(name, _)| *name == self.name())?;
        entry.split_once("\"=")?.1.split('"').next()
    }

    pub const fn has_spans(self) -> bool {
        !matches!(self, Self::TonicPrometheus)
    }

    pub const fn has_metrics(self) -> bool {
        matches!(self, Self::Ours | Self::TonicPrometheus)
    }

    /// The telemetry of its process.
    pub fn set_up(self) {
        match self {
            Self::Ours => {
                record::provider();
                record::prometheus();
            }
            Self::TonicTracing | Self::TowerOtel => record::bridge(),
            // It has a registry of its own.
            Self::TonicPrometheus => {}
        }
    }

    /// Serves `routes` behind the subject's server layer, for as long as the process runs.
    pub fn serve(self, listener: TcpListener, routes: Routes) {
        macro_rules! serve {
            ($layer:expr) => {
                drop(tokio::spawn(
                    Server::builder()
                        .layer($layer)
                        .add_routes(routes)
                        .serve_with_incoming(TcpIncoming::from(listener)),
                ))
            };
        }
        match self {
            Self::Ours => serve!(
                ours::ServerLayer::new()
                    .methods(methods())
                    .quiet(ours::Quiet::HEALTH)
                    .trace()
                    .go_grpc_prometheus_metrics()
            ),
            Self::TonicTracing => {
                serve!(server::OtelGrpcLayer::default().filter(filters::reject_healthcheck))
            }
            Self::TowerOtel => serve!(tower_otel::trace::GrpcLayer::server(Level::INFO)),
            Self::TonicPrometheus => serve!(tonic_prometheus_layer::MetricsLayer::new()),
        }
    }

    /// `inner`, which calls `target`, behind the subject's client layer. One that has none for tonic
    /// 0.14 is not there.
    pub fn client<S>(self, inner: S, target: &Uri) -> Client
    where
        S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        S::Error: Error + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        match self {
            Self::Ours => {
                let layer = ours::ClientLayer::new().methods(methods()).target(target);
                boxed(layer.trace().layer(inner))
            }
            Self::TonicTracing => boxed(client::OtelGrpcLayer.layer(inner)),
            Self::TowerOtel => {
                boxed(tower_otel::trace::GrpcLayer::client(Level::INFO).layer(inner))
            }
            Self::TonicPrometheus => boxed(inner),
        }
    }
}

fn methods() -> ours::Methods {
    let unary = |method: &&str| (format!("diff.Test/{method}"), ours::CallType::Unary);
    ours::Methods::of(METHODS.iter().map(unary)).expect("the names are names")
}

/// Every service as one type.
pub fn boxed<S, R>(service: S) -> Client
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError> + 'static,
    S::Future: Send + 'static,
    R: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(
        service
            .map_response(|response: Response<R>| response.map(Body::new))
            .map_err(Into::into),
    )
}
