//! The client's side: the ids in scope go along with every call.

use std::task::{Context, Poll};

use http::{HeaderMap, Request, header::Entry};
use tower_layer::Layer;
use tower_service::Service;

use crate::ids::Ids;

/// Sends the ids in scope along with every call, as headers or gRPC metadata.
///
/// A header that the caller has set already is left as it is. Works on `http` types, so it serves
/// HTTP clients and tonic channels alike.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it is added to a stack"]
pub struct ForwardIdsLayer;

impl ForwardIdsLayer {
    /// The layer.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for ForwardIdsLayer {
    type Service = ForwardIds<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ForwardIds { inner }
    }
}

/// The service of [`ForwardIdsLayer`].
#[derive(Clone, Copy, Debug)]
pub struct ForwardIds<S> {
    inner: S,
}

impl<S> ForwardIds<S> {
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

impl<S, B> Service<Request<B>> for ForwardIds<S>
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
        Ids::with_current(|ids| write(ids, request.headers_mut()));
        self.inner.call(request)
    }
}

/// Writes each id where there is none yet.
pub(crate) fn write(ids: &Ids, headers: &mut HeaderMap) {
    for (key, text) in ids.texts() {
        if let Entry::Vacant(place) = headers.entry(key.header_name()) {
            place.insert(text.header_value());
        }
    }
}
