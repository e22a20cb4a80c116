//! The response's body, in a type of this crate's own.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use throughline_completion::CompletionBody;

use super::observer::ClientObserver;

pin_project! {
    /// The body of a response of [`Client`](super::Client): the same frames, watched to their end.
    #[derive(Debug)]
    pub struct ClientBody<B> {
        #[pin]
        inner: CompletionBody<B, ClientObserver>,
    }
}

impl<B> ClientBody<B> {
    pub(super) const fn new(inner: CompletionBody<B, ClientObserver>) -> Self {
        Self { inner }
    }
}

impl<B: Default> Default for ClientBody<B> {
    /// A default body that nobody observes.
    fn default() -> Self {
        Self::new(CompletionBody::default())
    }
}

impl<B> Body for ClientBody<B>
where
    B: Body,
    B::Error: 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
