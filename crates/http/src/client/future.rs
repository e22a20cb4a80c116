//! The response's future, in a type of this crate's own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use throughline_completion::CompletionFuture;

use super::{ClientBody, observer::ClientObserver};

pin_project! {
    /// The future of [`Client`](super::Client).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ClientFuture<F> {
        #[pin]
        inner: CompletionFuture<F, ClientObserver>,
    }
}

impl<F> ClientFuture<F> {
    pub(super) const fn new(inner: CompletionFuture<F, ClientObserver>) -> Self {
        Self { inner }
    }
}

impl<F, R, E> Future for ClientFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    R::Error: 'static,
    E: 'static,
{
    type Output = Result<Response<ClientBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll_wrapped(cx, ClientBody::new)
    }
}
