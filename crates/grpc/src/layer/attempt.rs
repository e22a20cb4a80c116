//! The attempts of a call, inside whatever makes them.

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use throughline_completion::observe;
use tower_service::Service;

use super::{Config, GrpcBody, GrpcFuture, Side, Target, accessors, layer, observer::CallObserver};
use crate::{
    messages::{Messages, Uncounted},
    told::Marks,
};

/// How many attempts a call has had. In the context of the call, as a retry need not keep anything
/// else of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts(Arc<AtomicU32>);

impl Attempts {
    pub(super) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts and times the attempts of a call, each exactly once: for a stack that retries or hedges,
/// inside of that. Outside of it stands the [`ClientLayer`](crate::ClientLayer), to which all of them
/// are one call; if it counts [`attempts`](crate::ClientLayer::attempts) this layer tells it of each.
///
/// It opens no span and changes no request: each attempt carries the context of the call.
///
/// ```
/// # #[cfg(feature = "metrics")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # use std::convert::Infallible;
/// # use std::future::{Ready, ready};
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Empty;
/// # use metrics_util::debugging::{DebugValue, DebuggingRecorder};
/// # use throughline_grpc::GrpcBody;
/// # use tower::{ServiceBuilder, ServiceExt, retry::Policy};
/// use throughline_catalog::catalog;
/// use throughline_grpc::{AttemptLayer, ClientLayer, Code};
///
/// catalog! { mod driver, budget 100;
///     /// Calls made.
///     counter driver_calls_total { code: Code };
///     /// Attempts of calls.
///     counter driver_attempts_total { code: Code };
/// }
///
/// /// Tries three times.
/// #[derive(Clone)]
/// struct Thrice(u32);
/// # impl<B> Policy<Request<()>, Response<B>, Infallible> for Thrice {
/// #     type Future = Ready<()>;
/// #     fn retry(&mut self, _: &mut Request<()>, _: &mut Result<Response<B>, Infallible>) -> Option<Ready<()>> {
/// #         self.0 -= 1;
/// #         (0 < self.0).then(|| ready(()))
/// #     }
/// #     fn clone_request(&mut self, request: &Request<()>) -> Option<Request<()>> {
/// #         Some(request.clone())
/// #     }
/// # }
/// # let recorder = DebuggingRecorder::new();
/// # let snapshotter = recorder.snapshotter();
/// # let _current = metrics::set_default_local_recorder(&recorder);
/// # let busy = tower::service_fn(async |_: Request<()>| {
/// #     let response = Response::builder().header("grpc-status", "14");
/// #     Ok::<_, Infallible>(response.body(Empty::<Bytes>::new()).expect("the head is valid"))
/// # });
/// let client = ServiceBuilder::new()
///     .layer(ClientLayer::new().total(driver::driver_calls_total))
///     .retry(Thrice(3))
///     .layer(AttemptLayer::new().total(driver::driver_attempts_total))
///     .service(busy);
/// # let request = Request::post("/driver.Driver/Submit").body(()).expect("it is valid");
/// # drop(client.oneshot(request).await);
///
/// // … after a call to a server that is busy:
/// let mut counted: Vec<_> = snapshotter.snapshot().into_vec();
/// counted.sort_by(|a, b| a.0.cmp(&b.0));
/// let counted: Vec<_> = counted.iter().map(|(key, _, _, n)| (key.key().name(), n)).collect();
/// assert_eq!(counted, [
///     ("driver_attempts_total", &DebugValue::Counter(3)),
///     ("driver_calls_total", &DebugValue::Counter(1)),
/// ]);
/// # }
/// # #[cfg(not(feature = "metrics"))]
/// # fn main() {}
/// ```
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct AttemptLayer<M = Uncounted> {
    pub(super) config: Arc<Config>,
    pub(super) messages: PhantomData<fn() -> M>,
}

impl Default for AttemptLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl AttemptLayer {
    /// A layer that tells of attempts and counts none itself yet.
    pub fn new() -> Self {
        let mut config = Config::new(Side::Client);
        // The layer of the call reads them.
        config.marks = Marks::Passed;
        Self {
            config: Arc::new(config),
            messages: PhantomData,
        }
    }
}

impl<M> AttemptLayer<M> {
    /// Says whom the channel calls, for the labels; see
    /// [`ClientLayer::target`](crate::ClientLayer::target).
    pub fn target(mut self, uri: &http::Uri) -> Self {
        Arc::make_mut(&mut self.config).target = Target::of(uri);
        self
    }
}

layer!(AttemptLayer, Attempt);

/// The service of [`AttemptLayer`].
pub struct Attempt<S, M = Uncounted> {
    inner: S,
    config: Arc<Config>,
    messages: PhantomData<fn() -> M>,
}

impl<S, M> Attempt<S, M> {
    accessors!();
}

impl<S, M, B, R> Service<Request<B>> for Attempt<S, M>
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
        opentelemetry::Context::map_current(|cx| {
            if let Some(attempts) = cx.get::<Attempts>() {
                attempts.add();
            }
        });
        let config = Arc::clone(&self.config);
        let head = (request.uri(), request.headers());
        let observer = CallObserver::begin(config, head, M::COUNTS);
        let request = M::wrap(request, |headers| observer.meter(headers));
        GrpcFuture::new(
            observe(observer, || self.inner.call(request)),
            Marks::Passed,
        )
    }
}
