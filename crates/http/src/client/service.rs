//! The service: begins the observation, sends the context along and calls on.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use throughline_completion::observe;
use throughline_context::inject;
use tower_service::Service;

use super::{ClientBody, ClientFuture, layer::Shared, observer::ClientObserver};

/// The service of [`ClientLayer`](super::ClientLayer).
#[derive(Clone, Debug)]
pub struct Client<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Client<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }

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

impl<S, B, R> Service<Request<B>> for Client<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: 'static,
    R: Body,
    R::Error: 'static,
{
    type Response = Response<ClientBody<R>>;
    type Error = S::Error;
    type Future = ClientFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let observer = ClientObserver::begin(Arc::clone(&self.shared), &request);
        inject(observer.context(), request.headers_mut());
        ClientFuture::new(observe(observer, || self.inner.call(request)))
    }
}
