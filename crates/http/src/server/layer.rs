//! The layer: which concerns it has.

use std::sync::Arc;

#[cfg(feature = "metrics")]
use throughline_catalog::{Bound, Counter, Family, Gauge, Histogram};
use tower_layer::Layer;

#[cfg(feature = "metrics")]
use crate::labels::{HttpLabels, StartLabels};
use crate::{
    labels::Route,
    route::{self, RouteOf},
    server::Server,
};

/// Counts, times and traces every request that reaches it, exactly once and whatever happens to it.
///
/// Whatever its concerns, the layer reads the caller's trace context, and keeps trace and ids in
/// scope while the inner service, its response's body and their drops run.
///
/// Place it inside [`RequestIdLayer`](throughline_correlation::RequestIdLayer), so that the ids are
/// in scope, and inside the router (`Router::layer`), so that the route is known.
///
/// ```
/// # #[cfg(all(feature = "metrics", feature = "trace"))]
/// # fn main() {
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use futures_util::FutureExt;
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// use metrics_util::debugging::{DebugValue, DebuggingRecorder};
/// use throughline_catalog::catalog;
/// use throughline_http::{Method, Outcome, ServerLayer, Status};
/// use tower::{Layer, Service};
///
/// catalog! { mod shop, budget 5_000;
///     /// Requests served.
///     counter shop_requests_total { method: Method, status: Status, outcome: Outcome };
/// }
///
/// async fn hello(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
///     Ok(Response::new(Full::new(Bytes::from("hello"))))
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// metrics::with_local_recorder(&recorder, || {
///     let layer = ServerLayer::new().total(shop::shop_requests_total).trace();
///     let mut service = layer.layer(tower::service_fn(hello));
///
///     // One client reads to the end, and one goes away before the answer.
///     let read = service.call(Request::new(())).now_or_never().expect("it answers at once");
///     let body = read.expect("it cannot fail").into_body();
///     assert!(body.collect().now_or_never().is_some());
///     drop(service.call(Request::new(())));
/// });
///
/// let mut counted: Vec<(String, DebugValue)> = snapshotter
///     .snapshot()
///     .into_vec()
///     .into_iter()
///     .map(|(key, _, _, value)| (key.key().to_string(), value))
///     .collect();
/// counted.sort_by(|a, b| a.0.cmp(&b.0));
/// let series = |status, outcome| {
///     format!("Key(shop_requests_total, [method = GET, status = {status}, outcome = {outcome}])")
/// };
/// assert_eq!(
///     counted,
///     [
///         (series(200, "completed"), DebugValue::Counter(1)),
///         (series(499, "cancelled"), DebugValue::Counter(1)),
///     ],
/// );
/// # }
/// # #[cfg(not(all(feature = "metrics", feature = "trace")))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ServerLayer {
    config: Arc<Config>,
}

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) route: RouteOf,
    #[cfg(feature = "metrics")]
    pub(crate) metrics: crate::metrics::Metrics,
    #[cfg(feature = "trace")]
    pub(crate) trace: bool,
    #[cfg(feature = "trace")]
    pub(crate) traceresponse: bool,
}

impl Default for ServerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerLayer {
    /// A layer that passes context on and has no concern yet.
    pub fn new() -> Self {
        // Its value is needed later, when a flood of unknown paths may have filled the cap.
        let _ = Route::unmatched();
        Self {
            config: Arc::new(Config {
                route: route::matched_path,
                #[cfg(feature = "metrics")]
                metrics: crate::metrics::Metrics::default(),
                #[cfg(feature = "trace")]
                trace: false,
                #[cfg(feature = "trace")]
                traceresponse: false,
            }),
        }
    }

    /// Finds the route template by this function, for a router other than axum's.
    ///
    /// Return [`Route::of`] the *template*, never of a path, and [`Route::unmatched`] if there is
    /// none.
    pub fn route(mut self, route: fn(&http::request::Parts) -> Route) -> Self {
        self.config_mut().route = route;
        self
    }

    /// Counts requests in `family` when they end.
    #[cfg(feature = "metrics")]
    pub fn total<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: HttpLabels,
    {
        self.config_mut().metrics.total = Some(Bound::new(family, F::Labels::index_of));
        self
    }

    /// Observes in `family`, in seconds, the time from the request's arrival to the end of its
    /// response's body.
    #[cfg(feature = "metrics")]
    pub fn duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: HttpLabels,
    {
        self.config_mut().metrics.duration = Some(Bound::new(family, F::Labels::index_of));
        self
    }

    /// Counts in `family` the requests that are being served.
    #[cfg(feature = "metrics")]
    pub fn in_flight<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: StartLabels,
    {
        self.config_mut().metrics.in_flight = Some(Bound::new(family, F::Labels::index_of));
        self
    }

    /// Opens a server span for each request.
    #[cfg(feature = "trace")]
    pub fn trace(mut self) -> Self {
        self.config_mut().trace = true;
        self
    }

    /// As [`ServerLayer::trace`], and tells the caller the span in a `traceresponse` header, in the
    /// form of a `traceparent`.
    #[cfg(feature = "trace")]
    pub fn traceresponse(mut self) -> Self {
        let config = self.config_mut();
        config.trace = true;
        config.traceresponse = true;
        self
    }

    fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        Server::new(inner, Arc::clone(&self.config))
    }
}
