//! The service: begins the observation and calls on.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use throughline_completion::observe;
use tower_service::Service;

use super::{ServerBody, ServerFuture, config::Shared, observer::ServerObserver};

/// The service of [`ServerLayer`](super::ServerLayer).
#[derive(Clone, Debug)]
pub struct Server<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Server<S> {
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

impl<S, B, R> Service<Request<B>> for Server<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: 'static,
    R: Body,
    R::Error: 'static,
{
    type Response = Response<ServerBody<R>>;
    type Error = S::Error;
    type Future = ServerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        #[cfg(feature = "axum")]
        let seen = self.shared.seen(&request);
        #[cfg(not(feature = "axum"))]
        let seen = None;
        let (found, panic) = match seen {
            Some(found) => (found, None),
            None => self.shared.find(&mut request),
        };
        let observer = ServerObserver::begin(&self.shared, found, &mut request);
        ServerFuture::new(observe(observer, || {
            if let Some(panic) = panic {
                panic.resume();
            }
            self.inner.call(request)
        }))
    }
}
