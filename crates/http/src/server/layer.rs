//! The layer: which concerns it has.

use std::sync::Arc;

use http::StatusCode;
use throughline_context::Trust;
use tower_layer::Layer;

use super::config::{Config, Shared};
#[cfg(feature = "access-log")]
use crate::{access_log::AccessLog, exchange::Exchange};
use crate::{labels::Route, route::RouteOf, server::Server, streams::Streams, wire_labels::Scheme};

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

impl Default for ServerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerLayer {
    /// A layer that passes context on and has no concern yet.
    pub fn new() -> Self {
        Self {
            config: Arc::new(Config::new()),
        }
    }

    /// Finds the route template by this function, for a router other than axum's.
    ///
    /// Return [`Route::of`] the *template*, never of a path, and [`Route::unmatched`] if there is
    /// none. If the function panics, the request is counted as panicked and the panic goes on.
    pub fn route(
        mut self,
        route: impl Fn(&http::request::Parts) -> Route + Send + Sync + 'static,
    ) -> Self {
        self.config_mut().route = RouteOf::told(route);
        self
    }

    /// Listens to what only layers further in learn: the route of a [`RouteLayer`](crate::RouteLayer)
    /// or [`tell_route`](crate::tell_route), and the size of a
    /// [`RequestBodyLayer`](crate::RequestBodyLayer). Off by default.
    ///
    /// For a layer that stands where the route is not known yet: around a router, around
    /// `nest_service`, around hyper or tonic. The gauge of requests in flight has the labels of the
    /// start, when there is no route. It costs a place in each request's extensions, two or three
    /// allocations.
    pub fn late(mut self) -> Self {
        self.config_mut().is_late = true;
        self
    }

    /// Leaves the requests of these route templates out of metrics, spans and access log. None by
    /// default.
    ///
    /// Context still flows: the caller's trace and the ids are in scope as for any other request.
    /// A template is compared whole, as the router has it; `"unmatched"` stands for what matched no
    /// route. A route that becomes known [`late`](Self::late) leaves a request out of metrics and
    /// access log, but its span has been opened by then.
    ///
    /// ```
    /// let layer = throughline_http::ServerLayer::new().skip(["/healthz", "/metrics"]);
    /// # let _ = layer;
    /// ```
    pub fn skip<T: Into<Box<str>>>(mut self, templates: impl IntoIterator<Item = T>) -> Self {
        let templates = templates.into_iter().map(Into::into);
        self.config_mut().skipped.extend(templates);
        self
    }

    /// The scheme of requests that do not say it: [`Scheme::Https`] behind TLS, be it a proxy's.
    /// [`Scheme::Http`] by default.
    ///
    /// What `Forwarded` or `X-Forwarded-Proto` say is not believed: any client can send them.
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.config_mut().scheme = scheme;
        self
    }

    /// The status that a request is counted under whose client went away before there was one. 499 by
    /// default, as nginx has it; no span and no log line takes it for one that was sent, and an error
    /// of the server it is not, whatever the code.
    pub fn cancelled_as(mut self, status: StatusCode) -> Self {
        self.config_mut().unsent.cancelled = status.as_u16();
        self
    }

    /// The status that a request is counted under whose inner service gave an error instead of a
    /// response. 500 by default.
    pub fn failed_as(mut self, status: StatusCode) -> Self {
        self.config_mut().unsent.failed = status.as_u16();
        self
    }

    /// The status that a request is counted under that panicked before there was one. 500 by default;
    /// [`Outcome`](crate::Outcome) tells it from a 500 that was sent.
    pub fn panicked_as(mut self, status: StatusCode) -> Self {
        self.config_mut().unsent.panicked = status.as_u16();
        self
    }

    /// What becomes of the durations of streams. [`Streams::Included`] by default.
    ///
    /// They are counted, timed to their headers and measured in bytes in any case.
    pub fn streams(mut self, streams: Streams) -> Self {
        self.config_mut().streams = streams;
        self
    }

    /// Opens a server span for each request, by OpenTelemetry's HTTP conventions 1.44.
    ///
    /// It is named `{method} {route}` and has `http.request.method`, `url.scheme`, `url.path`,
    /// `http.route`, `network.protocol.version`, `http.response.status_code` and `error.type`, where they
    /// are known; no query and no header. Samplers are shown method, scheme and route.
    ///
    /// The provider may be set after the layer. The tracer that made the first span is kept until its
    /// provider is shut down, so shut down a provider that another one is to replace. The methods that
    /// are known are the [`Method`](crate::Method)s, or those that the environment names in
    /// `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, separated by commas.
    #[cfg(feature = "trace")]
    pub fn trace(mut self) -> Self {
        self.config_mut().trace = true;
        self
    }

    /// How far callers are trusted with the trace; by default [`Trust::Keep`]: the trace goes on, and
    /// the caller's sampled flag does not decide whether it is recorded here.
    ///
    /// That is up to the sampler: one that asks [`caller_decides`](throughline_context::caller_decides),
    /// as `throughline-telemetry` installs it, decides as for a root span; one of OpenTelemetry's SDK
    /// does not ask and follows the flag. Between services that are all ours, [`Trust::Mesh`] lets the
    /// first of them decide. At a public edge, [`Trust::Edge`] begins a new trace, whose span links to
    /// the caller's.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.config_mut().trust = trust;
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

    /// Tells each request in one `tracing` event when it has ended, with the fields of
    /// [`ACCESS_LOG_FIELDS`](crate::ACCESS_LOG_FIELDS): at `ERROR` what the server is to blame for, a
    /// 5xx, an error or a panic; at `INFO` all else, a 4xx and a client that went away included.
    ///
    /// The event's target is `throughline_http::access`. It has no path, no query and no header; trace
    /// and ids are in scope around it, so a log layer that knows the scope writes them without being
    /// told. An error that a handler has told already, as a `Fault` does, is in this line only by its
    /// status, and at `INFO` where the response says so: with the feature `fault`, by the fault's id in
    /// its extensions. Other levels are chosen by [`access_log_at`](Self::access_log_at). A log layer
    /// that writes by allowlist has to be given the fields' names.
    #[cfg(feature = "access-log")]
    pub fn access_log(mut self) -> Self {
        self.config_mut().access_log = Some(AccessLog::default());
        self
    }

    /// As [`access_log`](Self::access_log), at the level that this function says; with none the
    /// request is not told. The function must not panic: it may be asked while a panic unwinds.
    ///
    /// ```
    /// use throughline_http::{Outcome, ServerLayer};
    /// use tracing::Level;
    ///
    /// // Handlers have told their errors; what they could not tell is a panic.
    /// let layer = ServerLayer::new().access_log_at(|exchange| match exchange.outcome() {
    ///     Outcome::Panicked => Some(Level::ERROR),
    ///     _ if exchange.route().as_str() == "/feed" => None,
    ///     _ => Some(Level::INFO),
    /// });
    /// # let _ = layer;
    /// ```
    #[cfg(feature = "access-log")]
    pub fn access_log_at(
        mut self,
        level: impl Fn(&Exchange) -> Option<tracing::Level> + Send + Sync + 'static,
    ) -> Self {
        self.config_mut().access_log = Some(AccessLog::by(level));
        self
    }

    pub(super) fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        // By value: what a request reads is one step away.
        Server::new(inner, Arc::new(Shared::new(Config::clone(&self.config))))
    }
}
