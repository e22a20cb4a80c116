//! The layer that counts what is read of the request.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use super::{body::CountedBody, slot::Slot};

/// Counts the bytes that the inner service reads of a request's body, for a
/// [`ServerLayer`](crate::ServerLayer) further out that listens
/// ([`late`](crate::ServerLayer::late)).
///
/// `ServerLayer` itself gives the request on as it came, its body's type included, so that nothing
/// further in has to know of it; it can tell a request's size by its declared length alone. This layer
/// tells the size of those without one too, at the price of a body type of its own: axum's routes,
/// tonic's services and every other one that takes any body take it, and axum boxes it once more.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "metrics"))]
/// # fn main() {
/// use axum::{Router, routing::post};
/// use throughline_catalog::catalog;
/// use throughline_http::{Method, RequestBodyLayer, RouteLayer, ServerLayer};
/// use tower::Layer;
///
/// catalog! { mod shop, budget 500;
///     /// Sizes of the requests' bodies.
///     histogram shop_request_size_bytes { method: Method } buckets [100.0, 10_000.0, 1_000_000.0];
/// }
///
/// let app: Router = Router::new()
///     .route("/items", post(async |body: String| body.len().to_string()))
///     .layer((RequestBodyLayer::new(), RouteLayer::new()));
/// let app = ServerLayer::new().late().request_size(shop::shop_request_size_bytes).layer(app);
/// # let _ = app;
/// # }
/// # #[cfg(not(all(feature = "axum", feature = "metrics")))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct RequestBodyLayer {
    _more_to_come: (),
}

impl RequestBodyLayer {
    /// The layer; there is nothing to configure.
    pub const fn new() -> Self {
        Self { _more_to_come: () }
    }
}

impl<S> Layer<S> for RequestBodyLayer {
    type Service = RequestBody<S>;

    fn layer(&self, inner: S) -> RequestBody<S> {
        RequestBody { inner }
    }
}

/// The service of [`RequestBodyLayer`].
#[derive(Clone, Debug)]
pub struct RequestBody<S> {
    inner: S,
}

impl<S> RequestBody<S> {
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

impl<S, B> Service<Request<B>> for RequestBody<S>
where
    S: Service<Request<CountedBody<B>>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let slot = Slot::find(request.extensions()).cloned();
        self.inner
            .call(request.map(|body| CountedBody::new(body, slot)))
    }
}
