//! From the head to the last byte.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::completion::Failure;
use crate::watch::Watch;
use crate::{Completion, Observer, Point};

pin_project! {
    /// The body of an observed response.
    ///
    /// Its frames, its size hint and its end are the inner body's. Once the observer has been
    /// told how the response ended, it is gone, and each call goes straight to the inner body.
    /// The wrapping adds the observer and 8 to 24 bytes to the inner body's size.
    ///
    /// A defaulted body observes nothing.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body::Body;
    /// use http_body_util::Full;
    /// use throughline_completion::{Completion, CompletionBody, Observer};
    ///
    /// struct Silent;
    ///
    /// impl Observer for Silent {
    ///     type Entered = ();
    ///     fn enter(&self) {}
    ///     fn on_completion(self, _: Completion<'_>) {}
    /// }
    ///
    /// let body = CompletionBody::<_, Silent>::unobserved(Full::new(Bytes::from("hello")));
    /// assert_eq!(body.size_hint().exact(), Some(5));
    /// assert!(!body.is_observed());
    /// ```
    #[must_use = "a body that is dropped counts as one that nobody waited for"]
    pub struct CompletionBody<B, O: Observer> {
        // `None` only in drop: so it can be dropped in place, within the observer.
        #[pin]
        inner: Option<B>,
        watch: Watch<O>,
    }

    impl<B, O: Observer> PinnedDrop for CompletionBody<B, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // When the inner body's drop panics, the watch's own drop tells the observer.
            this.watch.release(|| this.inner.set(None));
        }
    }
}

impl<B, O: Observer> CompletionBody<B, O> {
    pub(crate) const fn new(inner: B, watch: Watch<O>) -> Self {
        Self {
            inner: Some(inner),
            watch,
        }
    }

    /// Wraps a body that nobody observes, for a layer that answers by itself or is switched off.
    pub const fn unobserved(inner: B) -> Self {
        Self::new(inner, Watch::new(None, Point::Body))
    }

    /// Whether an observer waits for the end.
    #[must_use]
    pub const fn is_observed(&self) -> bool {
        self.watch.is_on()
    }

    /// The inner body.
    #[must_use]
    pub const fn get_ref(&self) -> &B {
        self.inner
            .as_ref()
            .expect("the inner body is there until drop")
    }
}

impl<B, O> Body for CompletionBody<B, O>
where
    B: Body,
    B::Error: 'static,
    O: Observer,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let mut inner = this
            .inner
            .as_pin_mut()
            .expect("the inner body is there until drop");
        let watch = this.watch;
        if !watch.is_on() {
            return inner.poll_frame(cx);
        }

        let _entered = watch.enter();
        // Written in place: a frame is large enough to count its moves.
        let mut polled = Poll::Pending;
        let mut ended = false;
        watch.run(|| {
            polled = inner.as_mut().poll_frame(cx);
            // A reader that finds the end here never polls again, so look now.
            ended = matches!(polled, Poll::Ready(Some(Ok(_)))) && inner.is_end_stream();
        });
        let polled = ready!(polled);

        match &polled {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    watch.complete(Completion::Trailers(trailers));
                } else if let Some(data) = frame.data_ref() {
                    watch.tell(|observer| observer.on_data(data));
                }
                if ended {
                    watch.complete(Completion::End);
                }
            }
            Some(Err(error)) => {
                watch.complete(Completion::Failed(Failure::new(Point::Body, error)));
            }
            None => watch.complete(Completion::End),
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        let ended = self.get_ref().is_end_stream();
        if ended {
            self.watch.end_is_told();
        }
        ended
    }

    fn size_hint(&self) -> SizeHint {
        self.get_ref().size_hint()
    }
}

impl<B: Default, O: Observer> Default for CompletionBody<B, O> {
    fn default() -> Self {
        Self::unobserved(B::default())
    }
}

// By hand, so that neither the body nor the observer needs `Debug`; a body would show its content.
impl<B, O: Observer> fmt::Debug for CompletionBody<B, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionBody")
            .field("is_observed", &self.is_observed())
            .finish_non_exhaustive()
    }
}
