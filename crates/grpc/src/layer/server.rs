//! The server's side.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use throughline_completion::observe;
use throughline_context::extract;
use tower_layer::Layer;
use tower_service::Service;

use super::{Config, GrpcBody, GrpcFuture, Side, accessors, concerns, observer::CallObserver};

/// Counts, times and traces every call that reaches it, exactly once and whatever happens to it.
///
/// Whatever its concerns, the layer reads the caller's trace context, and keeps trace and ids in
/// scope while the handler, its stream of messages and their drops run. The status is read from
/// where it stands: trailers, or the head of a response that is nothing else.
///
/// Place it inside [`RequestIdLayer`](throughline_correlation::RequestIdLayer), so that the ids are
/// in scope.
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
/// use throughline_grpc::{Code, Method, ServerLayer};
/// use tower::{Layer, Service};
///
/// catalog! { mod kernel, budget 5_000;
///     /// Calls answered.
///     counter kernel_rpc_calls_total { method: Method, code: Code };
/// }
///
/// /// As tonic's router answers a name that nobody serves.
/// async fn refuse(_: Request<()>) -> Result<Response<Empty<Bytes>>, Infallible> {
///     let response = Response::builder()
///         .header("content-type", "application/grpc")
///         .header("grpc-status", "12");
///     Ok(response.body(Empty::new()).expect("the head is valid"))
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// metrics::with_local_recorder(&recorder, || {
///     let layer = ServerLayer::new().total(kernel::kernel_rpc_calls_total).trace();
///     let mut service = layer.layer(tower::service_fn(refuse));
///     for path in ["/invented.by/Somebody", "/invented.by/SomebodyElse"] {
///         let request = Request::post(path).body(()).expect("the path is valid");
///         assert!(service.call(request).now_or_never().is_some());
///     }
/// });
///
/// let (key, _, _, value) = snapshotter.snapshot().into_vec().remove(0);
/// assert_eq!(
///     key.key().to_string(),
///     "Key(kernel_rpc_calls_total, [method = _OTHER, code = UNIMPLEMENTED])",
/// );
/// assert_eq!(value, DebugValue::Counter(2));
/// # }
/// # #[cfg(not(all(feature = "metrics", feature = "trace")))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ServerLayer {
    config: Arc<Config>,
}

impl Default for ServerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerLayer {
    /// A layer that passes context on and has no concern yet.
    pub fn new() -> Self {
        Self {
            config: Arc::new(Config::new(Side::Server)),
        }
    }

    concerns!();
}

impl<S> Layer<S> for ServerLayer {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        Server {
            inner,
            config: Arc::clone(&self.config),
        }
    }
}

/// The service of [`ServerLayer`].
#[derive(Clone, Debug)]
pub struct Server<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> Server<S> {
    accessors!();
}

impl<S, B, R> Service<Request<B>> for Server<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: 'static,
    R: Body,
    R::Error: 'static,
{
    type Response = Response<GrpcBody<R>>;
    type Error = S::Error;
    type Future = GrpcFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let parent = extract(request.headers());
        let config = Arc::clone(&self.config);
        let observer = CallObserver::begin(config, parent, request.uri().path());
        GrpcFuture::new(observe(observer, || self.inner.call(request)))
    }
}

#[cfg(feature = "tonic")]
impl<S: tonic::server::NamedService> tonic::server::NamedService for Server<S> {
    const NAME: &'static str = S::NAME;
}
