//! The server's side.

use std::{
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use http_body::Body;
use throughline_completion::observe;
use throughline_context::Trust;
use tower_service::Service;

use super::{Config, GrpcBody, GrpcFuture, Side, accessors, layer, observer::CallObserver};
use crate::{
    messages::{Messages, Uncounted},
    told::Marks,
};

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
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ServerLayer<M = Uncounted> {
    pub(super) config: Arc<Config>,
    pub(super) messages: PhantomData<fn() -> M>,
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
            messages: PhantomData,
        }
    }
}

impl<M> ServerLayer<M> {
    /// How far callers are trusted with the trace; by default [`Trust::Keep`]: the trace goes on, and
    /// the caller's sampled flag does not decide whether it is recorded here.
    ///
    /// That is up to the sampler: one that asks [`caller_decides`](throughline_context::caller_decides),
    /// as `throughline-telemetry` installs it, decides as for a root span; one of OpenTelemetry's SDK
    /// does not ask and follows the flag. Between services that are all ours, [`Trust::Mesh`] lets the
    /// first of them decide. At a public edge, [`Trust::Edge`] begins a new trace, whose span links to
    /// the caller's.
    pub fn trust(mut self, trust: Trust) -> Self {
        let config = Arc::make_mut(&mut self.config);
        config.trust = trust;
        config.marks = Marks::of_server(trust);
        self
    }

    /// How long a server gives a call whose caller gives it more, or says nothing: give it what
    /// tonic's `Server::timeout` was given. That timer stands further out, so that the layer sees a
    /// call that was dropped; one that was dropped at about this time, or later, is
    /// `DEADLINE_EXCEEDED`. Like that timer it ends with the response's head: whoever leaves a
    /// stream later has cancelled it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.config).timeout = Some(timeout);
        self
    }

    /// Writes on the span whom the caller meant to call, by the `:authority` that it sent: as
    /// `server.address` and `server.port`. It is the caller's word.
    #[cfg(feature = "trace")]
    pub fn server_address(mut self) -> Self {
        Arc::make_mut(&mut self.config).spans.server_address = true;
        self
    }
}

layer!(ServerLayer, Server);

/// The service of [`ServerLayer`].
pub struct Server<S, M = Uncounted> {
    inner: S,
    config: Arc<Config>,
    messages: PhantomData<fn() -> M>,
}

impl<S, M> Server<S, M> {
    accessors!();
}

impl<S, M, B, R> Service<Request<B>> for Server<S, M>
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let config = Arc::clone(&self.config);
        let head = (request.uri(), request.headers());
        let observer = CallObserver::begin(config, head, M::COUNTS);
        let request = M::wrap(request, |headers| observer.meter(headers));
        let marks = self.config.marks;
        GrpcFuture::new(observe(observer, || self.inner.call(request)), marks)
    }
}

#[cfg(feature = "tonic")]
impl<S: tonic::server::NamedService, M> tonic::server::NamedService for Server<S, M> {
    const NAME: &'static str = S::NAME;
}
