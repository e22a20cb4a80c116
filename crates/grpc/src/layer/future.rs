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

use super::{GrpcBody, observer::CallObserver};
use crate::told::Marks;

pin_project! {
    /// The future of a call at either side.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct GrpcFuture<F> {
        #[pin]
        inner: CompletionFuture<F, CallObserver>,
        marks: Marks,
    }
}

impl<F> GrpcFuture<F> {
    pub(super) const fn new(inner: CompletionFuture<F, CallObserver>, marks: Marks) -> Self {
        Self { inner, marks }
    }
}

impl<F, R, E> Future for GrpcFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    R::Error: 'static,
    E: 'static,
{
    type Output = Result<Response<GrpcBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let marks = *this.marks;
        this.inner
            .poll_wrapped(cx, |body| GrpcBody::new(body, marks))
    }
}
