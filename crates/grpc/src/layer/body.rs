//! The response's body, in a type of this crate's own.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use throughline_completion::CompletionBody;

use super::observer::CallObserver;
use crate::told::Marks;

pin_project! {
    /// The body of a response at either side: the same frames, watched to their end.
    #[derive(Debug)]
    pub struct GrpcBody<B> {
        #[pin]
        inner: CompletionBody<B, CallObserver>,
        marks: Marks,
    }
}

impl<B> GrpcBody<B> {
    pub(super) const fn new(inner: CompletionBody<B, CallObserver>, marks: Marks) -> Self {
        Self { inner, marks }
    }
}

impl<B: Default> Default for GrpcBody<B> {
    /// A default body that nobody observes.
    fn default() -> Self {
        Self::new(CompletionBody::default(), Marks::Passed)
    }
}

impl<B> Body for GrpcBody<B>
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
        let this = self.project();
        let mut frame = ready!(this.inner.poll_frame(cx));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            this.marks.clean(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
