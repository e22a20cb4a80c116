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

use super::{ServerBody, observer::ServerObserver};

pin_project! {
    /// The future of [`Server`](super::Server).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ServerFuture<F> {
        #[pin]
        inner: CompletionFuture<F, ServerObserver>,
    }
}

impl<F> ServerFuture<F> {
    pub(super) const fn new(inner: CompletionFuture<F, ServerObserver>) -> Self {
        Self { inner }
    }
}

impl<F, R, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    R::Error: 'static,
    E: 'static,
{
    type Output = Result<Response<ServerBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll_wrapped(cx, ServerBody::new)
    }
}
