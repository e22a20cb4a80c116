//! The client's side.

use std::{
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use throughline_completion::observe;
use throughline_context::inject;
use tower_service::Service;

use super::{Config, GrpcBody, GrpcFuture, Side, Target, accessors, layer, observer::CallObserver};
use crate::messages::{Messages, Uncounted};
#[cfg(feature = "fault")]
use crate::told::Marks;

/// Sends the trace context along with every call, and counts, times and traces it, exactly once and
/// whatever happens to it.
///
/// It wraps a tonic `Channel` or any other service of gRPC over `http` types. Add
/// [`ForwardIdsLayer`](throughline_correlation::ForwardIdsLayer) for the ids.
///
/// ```
/// # #[cfg(all(feature = "metrics", feature = "trace"))]
/// # fn main() {
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use futures_util::FutureExt;
/// use http::{Request, Response};
/// use http_body_util::Empty;
/// use metrics_util::debugging::{DebugValue, DebuggingRecorder};
/// use throughline_catalog::catalog;
/// use throughline_grpc::{ClientLayer, Code, Method};
/// use tower::{Layer, Service};
///
/// catalog! { mod driver, budget 5_000;
///     /// Calls made.
///     counter driver_rpc_calls_total { method: Method, code: Code };
/// }
///
/// /// Stands for a channel whose far end refuses.
/// async fn far_end(_: Request<()>) -> Result<Response<Empty<Bytes>>, Infallible> {
///     let response = Response::builder().header("grpc-status", "16");
///     Ok(response.body(Empty::new()).expect("the head is valid"))
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// metrics::with_local_recorder(&recorder, || {
///     let mut client = ClientLayer::new()
///         .total(driver::driver_rpc_calls_total)
///         .trace()
///         .layer(tower::service_fn(far_end));
///     let request = Request::post("/kernel.Kernel/Run").body(()).expect("the path is valid");
///     assert!(client.call(request).now_or_never().is_some());
/// });
///
/// let (key, _, _, value) = snapshotter.snapshot().into_vec().remove(0);
/// assert_eq!(
///     key.key().to_string(),
///     "Key(driver_rpc_calls_total, [method = kernel.Kernel/Run, code = UNAUTHENTICATED])",
/// );
/// assert_eq!(value, DebugValue::Counter(1));
/// # }
/// # #[cfg(not(all(feature = "metrics", feature = "trace")))]
/// # fn main() {}
/// ```
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ClientLayer<M = Uncounted> {
    pub(super) config: Arc<Config>,
    pub(super) messages: PhantomData<fn() -> M>,
}

impl Default for ClientLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientLayer {
    /// A layer that sends context along and has no concern yet.
    pub fn new() -> Self {
        Self {
            config: Arc::new(Config::new(Side::Client)),
            messages: PhantomData,
        }
    }
}

impl<M> ClientLayer<M> {
    /// Says whom the channel calls: give it the `Endpoint`'s URI. A generated client's requests do
    /// not say. It is on the span as `server.address` and `server.port`, and the source of the
    /// labels [`Target`](crate::Target) and [`ServerAddress`](crate::ServerAddress). A URI without a
    /// host names nobody.
    pub fn target(mut self, uri: &http::Uri) -> Self {
        Arc::make_mut(&mut self.config).target = Target::of(uri);
        self
    }

    /// Believes the far end of this channel that it has told the errors that it answers with; by
    /// default nobody is believed.
    ///
    /// The second line of such an error is then written at `DEBUG`, if the status reaches its
    /// [`Fault`](throughline_fault::Fault) as [`peer_error`](crate::peer_error). A mark of a far end
    /// that is not believed is counted and ignored. Of gRPC-Web, marks are not read.
    #[cfg(feature = "fault")]
    pub fn believe_fault_marks(mut self) -> Self {
        Arc::make_mut(&mut self.config).marks = Marks::Believed;
        self
    }

    /// Counts the attempts that an [`AttemptLayer`](crate::AttemptLayer) sees inside, and writes
    /// them on the span as `throughline.rpc.attempts`.
    pub fn attempts(mut self) -> Self {
        Arc::make_mut(&mut self.config).attempts = true;
        self
    }

    /// Observes in `family` how many attempts of a call came after its first, as an
    /// [`AttemptLayer`](crate::AttemptLayer) sees them.
    #[cfg(feature = "metrics")]
    pub fn retries<F>(mut self, family: F) -> Self
    where
        F: throughline_catalog::Family<Handle = throughline_catalog::Histogram>,
        F::Labels: crate::labels::GrpcLabels,
    {
        let metrics = &mut Arc::make_mut(&mut self.config).metrics;
        <F::Labels as crate::labels::GrpcLabels>::sources(&mut |source| metrics.read(source));
        metrics.retries.push(throughline_catalog::Bound::new(
            family,
            <F::Labels as crate::labels::GrpcLabels>::index_of,
        ));
        self.attempts()
    }
}

layer!(ClientLayer, Client);

/// The service of [`ClientLayer`].
pub struct Client<S, M = Uncounted> {
    inner: S,
    config: Arc<Config>,
    messages: PhantomData<fn() -> M>,
}

impl<S, M> Client<S, M> {
    accessors!();
}

impl<S, M, B, R> Service<Request<B>> for Client<S, M>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: 'static,
    M: Messages<B, R>,
    R: Body,
    R::Error: 'static,
{
    type Response = Response<GrpcBody<R>>;
    type Error = S::Error;
    type Future = GrpcFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let config = Arc::clone(&self.config);
        let head = (request.uri(), request.headers());
        let observer = CallObserver::begin(config, head, M::COUNTS);
        inject(observer.context(), request.headers_mut());
        let request = M::wrap(request, |headers| observer.meter(headers));
        let marks = self.config.marks;
        GrpcFuture::new(observe(observer, || self.inner.call(request)), marks)
    }
}
