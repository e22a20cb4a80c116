//! The client's side.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use opentelemetry::Context as TraceContext;
use throughline_completion::observe;
use throughline_context::inject;
use tower_layer::Layer;
use tower_service::Service;

use super::{Config, GrpcBody, GrpcFuture, Side, accessors, concerns, observer::CallObserver};

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
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ClientLayer {
    config: Arc<Config>,
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
        }
    }

    concerns!();

    /// Names on the span whom the channel calls: give it the `Endpoint`'s URI. A generated client's
    /// requests do not say. A URI without a host names nobody.
    #[cfg(feature = "trace")]
    pub fn target(mut self, uri: &http::Uri) -> Self {
        self.config_mut().target = uri.host().map(|address| super::Target {
            // An IPv6 address stands in brackets in a URI, and without them in an attribute.
            address: address.trim_matches(['[', ']']).into(),
            port: uri.port_u16().unwrap_or(match uri.scheme_str() {
                Some("https") => 443,
                _ => 80,
            }),
        });
        self
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = Client<S>;

    fn layer(&self, inner: S) -> Client<S> {
        Client {
            inner,
            config: Arc::clone(&self.config),
        }
    }
}

/// The service of [`ClientLayer`].
#[derive(Clone, Debug)]
pub struct Client<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> Client<S> {
    accessors!();
}

impl<S, B, R> Service<Request<B>> for Client<S>
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let config = Arc::clone(&self.config);
        let observer = CallObserver::begin(config, TraceContext::current(), request.uri().path());
        inject(observer.context(), request.headers_mut());
        GrpcFuture::new(observe(observer, || self.inner.call(request)))
    }
}
