//! The time between a call's arrival and its handler, while limits hold it back.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::Request;
use throughline_catalog::{Bound, Era, Family, Histogram};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    call::Call,
    labels::{GrpcLabels, StartLabels},
    layer::{Config, Side},
    method::Named,
    methods::Methods,
};

/// When a call arrived.
#[derive(Clone, Copy, Debug)]
struct Arrived(Instant);

/// Notes when each call arrives, outside of the limits that may hold it back; [`QueueTimeLayer`],
/// inside of them, observes how long that was.
///
/// A limit like tower's `concurrency_limit` lets callers wait before it takes their call, so the
/// waiting begins when the service is first found not ready.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ArrivalLayer(());

impl ArrivalLayer {
    /// A layer that notes arrivals.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for ArrivalLayer {
    type Service = Arrival<S>;

    fn layer(&self, inner: S) -> Arrival<S> {
        Arrival {
            inner,
            waits_since: None,
        }
    }
}

/// The service of [`ArrivalLayer`].
#[derive(Debug)]
pub struct Arrival<S> {
    inner: S,
    waits_since: Option<Instant>,
}

impl<S: Clone> Clone for Arrival<S> {
    /// Whoever waits for one does not wait for the other.
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            waits_since: None,
        }
    }
}

impl<S, B> Service<Request<B>> for Arrival<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let ready = self.inner.poll_ready(cx);
        if ready.is_pending() {
            self.waits_since.get_or_insert_with(Instant::now);
        }
        ready
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let arrived = self.waits_since.take().unwrap_or_else(Instant::now);
        request.extensions_mut().insert(Arrived(arrived));
        self.inner.call(request)
    }
}

#[cfg(feature = "tonic")]
impl<S: tonic::server::NamedService> tonic::server::NamedService for Arrival<S> {
    const NAME: &'static str = S::NAME;
}

/// Observes, in seconds, how long each call has waited since the [`ArrivalLayer`] further out. A
/// call that limits in between refuse never gets here; it is a `RESOURCE_EXHAUSTED` to the
/// [`ServerLayer`](crate::ServerLayer) outside.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # use std::convert::Infallible;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Empty;
/// # use metrics_util::debugging::DebuggingRecorder;
/// # use tower::{ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer};
/// use throughline_catalog::catalog;
/// use throughline_grpc::{ArrivalLayer, Code, Method, QueueTimeLayer, ServerLayer};
///
/// catalog! { mod kernel, budget 10_000;
///     /// Calls answered or refused.
///     counter kernel_rpc_calls_total { method: Method, code: Code };
///     /// Time that calls wait for their turn.
///     histogram kernel_rpc_queue_seconds { method: Method } buckets [0.01, 0.1, 1.0];
/// }
///
/// # let recorder = DebuggingRecorder::new();
/// # let snapshotter = recorder.snapshotter();
/// # let _current = metrics::set_default_local_recorder(&recorder);
/// # let handler = tower::service_fn(async |_: Request<()>| {
/// #     let response = Response::builder().header("grpc-status", "0");
/// #     Ok::<_, Infallible>(response.body(Empty::<Bytes>::new()).expect("the head is valid"))
/// # });
/// let service = ServiceBuilder::new()
///     .layer(ServerLayer::new().total(kernel::kernel_rpc_calls_total))
///     .layer(ArrivalLayer::new())
///     .load_shed()
///     .concurrency_limit(100)
///     .layer(QueueTimeLayer::new(kernel::kernel_rpc_queue_seconds))
///     .service(handler);
/// # let request = Request::post("/kernel.Kernel/Run").body(())?;
/// # drop(service.oneshot(request).await?);
/// # let series = snapshotter.snapshot().into_vec();
/// # assert_eq!(series.len(), 2, "{series:?}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct QueueTimeLayer {
    config: Arc<Config>,
    family: Bound<Histogram, Call>,
}

impl QueueTimeLayer {
    /// Observes in `family`.
    pub fn new<F>(family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: StartLabels,
    {
        let mut config = Config::new(Side::Server);
        <F::Labels as GrpcLabels>::sources(&mut |source| config.metrics.read(source));
        Self {
            config: Arc::new(config),
            family: Bound::new(family, <F::Labels as GrpcLabels>::index_of),
        }
    }

    /// Closes the set of methods, as [`ServerLayer::methods`](crate::ServerLayer::methods) does.
    pub fn methods(mut self, methods: Methods) -> Self {
        Arc::make_mut(&mut self.config).methods = Some(methods);
        self
    }
}

impl<S> Layer<S> for QueueTimeLayer {
    type Service = QueueTime<S>;

    fn layer(&self, inner: S) -> QueueTime<S> {
        let Self { config, family } = self.clone();
        QueueTime {
            inner,
            config,
            family,
        }
    }
}

/// The service of [`QueueTimeLayer`].
#[derive(Clone, Debug)]
pub struct QueueTime<S> {
    inner: S,
    config: Arc<Config>,
    family: Bound<Histogram, Call>,
}

impl<S, B> Service<Request<B>> for QueueTime<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(Arrived(arrived)) = request.extensions_mut().remove() {
            let named = Named::read(&self.config, request.uri().path());
            let started = named.at_start(&self.config);
            let call = self.config.call(started, request.headers());
            self.family
                .at(Era::current(), &call)
                .record(arrived.elapsed());
        }
        self.inner.call(request)
    }
}

#[cfg(feature = "tonic")]
impl<S: tonic::server::NamedService> tonic::server::NamedService for QueueTime<S> {
    const NAME: &'static str = S::NAME;
}
