//! The response's body, in a type of this crate's own.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use throughline_completion::CompletionBody;

use super::observer::ServerObserver;

pin_project! {
    /// The body of a response of [`Server`](super::Server): the same frames, counted to their end.
    #[derive(Debug)]
    pub struct ServerBody<B> {
        #[pin]
        inner: CompletionBody<B, ServerObserver>,
    }
}

impl<B> ServerBody<B> {
    pub(super) const fn new(inner: CompletionBody<B, ServerObserver>) -> Self {
        Self { inner }
    }
}

impl<B: Default> Default for ServerBody<B> {
    /// A default body that nobody observes.
    fn default() -> Self {
        Self::new(CompletionBody::default())
    }
}

impl<B> Body for ServerBody<B>
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
