//! The body of a request whose bytes are counted.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::slot::Slot;

pin_project! {
    /// The body of a request behind a [`RequestBodyLayer`](super::RequestBodyLayer): the same frames.
    ///
    /// A defaulted one is counted by nobody.
    #[derive(Default)]
    pub struct CountedBody<B> {
        #[pin]
        inner: B,
        read: u64,
        slot: Option<Arc<Slot>>,
    }
}

impl<B> CountedBody<B> {
    pub(super) fn new(inner: B, slot: Option<Arc<Slot>>) -> Self {
        // A body that is never read has a size too.
        if let Some(slot) = &slot {
            slot.has_read(0);
        }
        Self {
            inner,
            read: 0,
            slot,
        }
    }
}

impl<B: Body> Body for CountedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let (Some(slot), Some(Ok(frame))) = (&this.slot, &frame)
            && let Some(data) = frame.data_ref()
        {
            *this.read += data.remaining() as u64;
            slot.has_read(*this.read);
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

// By hand: a body would show its content.
impl<B> fmt::Debug for CountedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedBody")
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}
