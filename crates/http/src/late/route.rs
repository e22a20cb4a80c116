//! The layer that tells the route from further in.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::slot::{Slot, tell_route};
use crate::{labels::Route, route::RouteOf};

/// Tells the route to a [`ServerLayer`](crate::ServerLayer) further out, where it is not known: around
/// the whole router, around `nest_service`, around hyper or tonic.
///
/// Such a layer listens after [`ServerLayer::late`](crate::ServerLayer::late). This one goes where the
/// route is known, `Router::route_layer` or the nested service, and costs a look into the request's
/// extensions; it has no body and no future of its own. Several layers listen without disturbing each
/// other, and what the innermost router says counts.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "metrics"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use axum::{Router, body::Body, routing::get};
/// use http::Request;
/// use metrics_util::debugging::DebuggingRecorder;
/// use throughline_catalog::catalog;
/// use throughline_http::{Method, Route, RouteLayer, ServerLayer};
/// use tower::{Layer, ServiceExt};
///
/// catalog! { mod shop, budget 5_000;
///     /// Requests served.
///     counter shop_requests_total { method: Method, route: Route };
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// let _current = metrics::set_default_local_recorder(&recorder);
///
/// let app = Router::new()
///     .route("/items/{id}", get(|| async { "an item" }))
///     .route_layer(RouteLayer::new());
/// // Around all of it: what the router does not know is counted too, and so are its fallbacks.
/// let app = ServerLayer::new().late().total(shop::shop_requests_total).layer(app);
///
/// let request = Request::get("/items/7").body(Body::empty()).unwrap();
/// drop(app.oneshot(request).await);
/// let series: Vec<_> = snapshotter.snapshot().into_vec();
/// let (key, ..) = &series[0];
/// assert_eq!(
///     key.key().to_string(),
///     "Key(shop_requests_total, [method = GET, route = /items/{id}])",
/// );
/// # }
/// # #[cfg(not(all(feature = "axum", feature = "metrics")))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct RouteLayer {
    route: Told,
}

#[derive(Clone, Debug)]
enum Told {
    Found(RouteOf),
    Always(Route),
}

impl Default for RouteLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl RouteLayer {
    /// Tells what axum matched (feature `axum`); a request that matched nothing tells nothing.
    pub const fn new() -> Self {
        Self {
            route: Told::Found(RouteOf::Matched),
        }
    }

    /// Tells this one template, of a service that has no other.
    pub fn of(template: &'static str) -> Self {
        Self {
            route: Told::Always(Route::of(template)),
        }
    }

    /// Tells what this function says; [`Route::unmatched`] tells nothing.
    pub fn by(route: impl Fn(&http::request::Parts) -> Route + Send + Sync + 'static) -> Self {
        Self {
            route: Told::Found(RouteOf::told(route)),
        }
    }
}

impl<S> Layer<S> for RouteLayer {
    type Service = Routed<S>;

    fn layer(&self, inner: S) -> Routed<S> {
        Routed {
            inner,
            route: self.route.clone(),
        }
    }
}

/// The service of [`RouteLayer`].
#[derive(Clone, Debug)]
pub struct Routed<S> {
    inner: S,
    route: Told,
}

impl<S> Routed<S> {
    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the inner service out.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B> Service<Request<B>> for Routed<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // Nobody listens: nothing is looked up.
        if Slot::find(request.extensions()).is_some() {
            let route = match &self.route {
                Told::Always(route) => *route,
                // A panic here is within the outer layer's call, which counts it.
                Told::Found(of) => of.find(&mut request).unwrap_or_else(|panic| panic.resume()),
            };
            if route != Route::unmatched() {
                tell_route(request.extensions(), route);
            }
        }
        self.inner.call(request)
    }
}
