//! The future: the ids in scope at each poll, the header on the response.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderName, HeaderValue, Response};
use pin_project_lite::pin_project;

use crate::scope::InScope;

pin_project! {
    /// The future of [`RequestIdService`](super::RequestIdService).
    #[derive(Debug)]
    pub struct RequestIdFuture<F> {
        #[pin]
        inner: InScope<F>,
        header: Option<(HeaderName, HeaderValue)>,
    }
}

impl<F> RequestIdFuture<F> {
    pub(super) const fn new(inner: InScope<F>, name: HeaderName, value: HeaderValue) -> Self {
        Self {
            inner,
            header: Some((name, value)),
        }
    }
}

impl<F, R, E> Future for RequestIdFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(cx));
        if let (Ok(response), Some((name, value))) = (&mut result, this.header.take()) {
            response.headers_mut().insert(name, value);
        }
        Poll::Ready(result)
    }
}
