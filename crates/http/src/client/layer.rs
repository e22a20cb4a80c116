//! The layer: which concerns it has.

use std::sync::Arc;

#[cfg(feature = "metrics")]
use metrics::Recorder;
#[cfg(feature = "metrics")]
use throughline_catalog::{Counter, Family, Gauge, Histogram};
use tower_layer::Layer;

use super::Client;
#[cfg(feature = "metrics")]
use crate::labels::{HttpLabels, StartLabels};
use crate::labels::{Route, Target};

/// Sends the trace context along with every request, and counts, times and traces it, exactly once
/// and whatever happens to it.
///
/// It wraps hyper-util's client, reqwest's by [`ReqwestService`](crate::ReqwestService) (feature
/// `reqwest`), or any other service of requests and responses of the `http` crate. A `traceparent`
/// or `tracestate` that the request already has, as one that is copied from another does, is
/// replaced, or removed if there is no trace. Add
/// [`ForwardIdsLayer`](throughline_correlation::ForwardIdsLayer) for the ids: it sends those in scope
/// as headers, `x-request-id` among them.
///
/// Place it outside of whatever is to be one call (retries, redirects, a time-out, so that a time
/// that is up is a failure rather than a caller who gave up), or inside to see each attempt.
///
/// ```
/// # #[cfg(all(feature = "metrics", feature = "trace"))]
/// # fn main() -> Result<(), http::Error> {
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use futures_util::FutureExt;
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full};
/// use metrics_util::debugging::{DebugValue, DebuggingRecorder};
/// use throughline_catalog::catalog;
/// use throughline_correlation::ForwardIdsLayer;
/// use throughline_http::{ClientLayer, Method, Outcome, Status, Target};
/// use tower::{Service, ServiceBuilder};
///
/// catalog! { mod shop, budget 60_000;
///     /// Requests made.
///     counter shop_client_requests_total {
///         target: Target, method: Method, status: Status, outcome: Outcome,
///     };
/// }
///
/// /// Stands for hyper-util's client, or any other.
/// async fn far_end(request: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
///     // What was copied from another request did not come through.
///     assert!(!request.headers().contains_key("traceparent"));
///     Ok(Response::new(Full::new(Bytes::from("seven"))))
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// metrics::with_local_recorder(&recorder, || {
///     let mut client = ServiceBuilder::new()
///         .layer(ClientLayer::new().target("stock").trace().total(shop::shop_client_requests_total))
///         .layer(ForwardIdsLayer::new())
///         .service_fn(far_end);
///     let request = Request::get("http://stock.internal/items/7")
///         .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
///         .body(())?;
///     let response = client.call(request).now_or_never().expect("it answers at once");
///     let body = response.expect("it cannot fail").into_body();
///     assert!(body.collect().now_or_never().is_some());
///     Ok::<_, http::Error>(())
/// })?;
///
/// let (key, _, _, value) = snapshotter.snapshot().into_vec().remove(0);
/// assert_eq!(
///     key.key().to_string(),
///     "Key(shop_client_requests_total, \
///      [target = stock, method = GET, status = 200, outcome = completed])",
/// );
/// assert_eq!(value, DebugValue::Counter(1));
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "metrics", feature = "trace")))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ClientLayer {
    config: Arc<Config>,
}

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(super) target: Target,
    #[cfg(feature = "fault")]
    pub(super) peers: crate::fault::Peers,
    #[cfg(feature = "metrics")]
    pub(super) metrics: crate::metrics::Metrics,
    #[cfg(feature = "trace")]
    pub(super) trace: bool,
    #[cfg(feature = "trace")]
    pub(super) path: super::span::Path,
}

/// What all clones of one service share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) config: Config,
    #[cfg(feature = "trace")]
    pub(super) tracers: throughline_context::Tracers,
}

impl Default for ClientLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientLayer {
    /// A layer that sends context along and has no concern yet.
    pub fn new() -> Self {
        // Its value is needed later, when other templates may have filled the cap.
        let _ = Route::unmatched();
        Self {
            config: Arc::new(Config {
                target: Target::unnamed(),
                #[cfg(feature = "fault")]
                peers: crate::fault::Peers::default(),
                #[cfg(feature = "metrics")]
                metrics: crate::metrics::Metrics::default(),
                #[cfg(feature = "trace")]
                trace: false,
                #[cfg(feature = "trace")]
                path: super::span::Path::Shown,
            }),
        }
    }

    /// Names whom this client calls, for the label [`Target`]: the far end's role, such as
    /// `"payments"`.
    ///
    /// The name comes from the program or its configuration. A host out of a request would be a
    /// series for everybody who can make the program call somewhere.
    pub fn target(mut self, name: &str) -> Self {
        self.config_mut().target = Target::of(name);
        self
    }

    /// Counts requests in `family` when they end.
    #[cfg(feature = "metrics")]
    pub fn total<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: HttpLabels,
    {
        let metrics = &mut self.config_mut().metrics;
        metrics.total = metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Observes in `family`, in seconds, the time from the call to the end of the response's body.
    #[cfg(feature = "metrics")]
    pub fn duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: HttpLabels,
    {
        let metrics = &mut self.config_mut().metrics;
        metrics.duration = metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Counts in `family` the requests that are under way.
    #[cfg(feature = "metrics")]
    pub fn in_flight<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: StartLabels,
    {
        let metrics = &mut self.config_mut().metrics;
        metrics.in_flight = metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Counts in this recorder, whatever recorder the process or the thread has. By default it is the
    /// one that is current when a request begins.
    ///
    /// It holds for all families of the layer, those that are added later included.
    #[cfg(feature = "metrics")]
    pub fn recorder(mut self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        self.config_mut().metrics.give(recorder);
        self
    }

    /// Opens a client span for each request.
    #[cfg(feature = "trace")]
    pub fn trace(mut self) -> Self {
        self.config_mut().trace = true;
        self
    }

    /// Leaves the path out of the span's `url.full`: for far ends that take a secret there, as
    /// webhooks and bots do. A [`RouteTemplate`](crate::RouteTemplate) still tells what was called.
    #[cfg(feature = "trace")]
    pub fn hide_path(mut self) -> Self {
        self.config_mut().path = super::span::Path::Hidden;
        self
    }

    /// Believes these peers that they have told the errors that they answer with: `"kernel.internal"`,
    /// or `"kernel.internal:8081"` where only that port is ours. Compared with the request's URI; nobody
    /// by default.
    ///
    /// The fault's id is then in the response's extensions, as a
    /// [`FaultId`](throughline_fault::FaultId). Give it to a
    /// [`PeerError`](throughline_fault::PeerError), and the second line of the error is written at
    /// `DEBUG`. A mark of anybody else is counted and ignored.
    ///
    /// A client that follows redirects believes whom a listed peer redirects to.
    #[cfg(feature = "fault")]
    pub fn fault_marks_from<'a>(mut self, peers: impl IntoIterator<Item = &'a str>) -> Self {
        let config = self.config_mut();
        for peer in peers {
            config.peers.add(peer);
        }
        self
    }

    fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = Client<S>;

    fn layer(&self, inner: S) -> Client<S> {
        // By value: what a request reads is one step away.
        let config = Config::clone(&self.config);
        Client::new(
            inner,
            Arc::new(Shared {
                config,
                #[cfg(feature = "trace")]
                tracers: throughline_context::Tracers::new("throughline-http"),
            }),
        )
    }
}
