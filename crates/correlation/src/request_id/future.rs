//! The future: the ids in scope at each poll, the header on the response.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Response};
use pin_project_lite::pin_project;

use crate::{key::Key, scope::InScope};

pin_project! {
    /// The future of [`RequestIdService`](super::RequestIdService).
    #[derive(Debug)]
    pub struct RequestIdFuture<F> {
        #[pin]
        inner: InScope<F>,
        value: Option<HeaderValue>,
    }
}

impl<F> RequestIdFuture<F> {
    pub(super) const fn new(inner: InScope<F>, value: HeaderValue) -> Self {
        Self {
            inner,
            value: Some(value),
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
        if let (Ok(response), Some(value)) = (&mut result, this.value.take()) {
            response
                .headers_mut()
                .insert(Key::Request.header_name(), value);
        }
        Poll::Ready(result)
    }
}
