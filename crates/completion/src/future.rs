//! From the call to the head.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::completion::Failure;
use crate::watch::Watch;
use crate::{Completion, CompletionBody, Next, Observer, Point};

/// Runs `call`, an inner service's `call`, under the eyes of `observer`, and wraps the future that
/// it returns.
///
/// `call` runs at once, within what [`Observer::enter`] enters; nothing is allocated.
///
/// # Panics
///
/// If `call` panics, after the observer has been told [`Completion::Panicked`].
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::Full;
/// use throughline_completion::{Completion, Observer, Point, observe};
///
/// struct Left<'a>(&'a mut bool);
///
/// impl Observer for Left<'_> {
///     type Entered = ();
///
///     fn enter(&self) {}
///
///     fn on_completion(self, how: Completion<'_>) {
///         *self.0 = matches!(how, Completion::Dropped(Point::Future));
///     }
/// }
///
/// let mut left = false;
/// let slow = std::future::pending::<Result<http::Response<Full<Bytes>>, ()>>();
/// drop(observe(Left(&mut left), || slow));
/// assert!(left);
/// ```
pub fn observe<F, O>(observer: O, call: impl FnOnce() -> F) -> CompletionFuture<F, O>
where
    O: Observer,
{
    let mut watch = Watch::new(Some(observer), Point::Call);
    let entered = watch.enter();
    let inner = watch.run(call);
    drop(entered);
    watch.moves_on(Point::Future);
    CompletionFuture {
        inner: Some(inner),
        watch,
    }
}

pin_project! {
    /// The future of an observed call, made by [`observe`].
    ///
    /// It gives what the inner future gives, with the body in a [`CompletionBody`] that the
    /// observer has moved to. The inner future is dropped as soon as it is ready. The wrapping
    /// adds the observer and 8 to 24 bytes to the inner future's size.
    ///
    /// ```
    /// use throughline_completion::{Completion, Observer, observe};
    ///
    /// struct Silent;
    ///
    /// impl Observer for Silent {
    ///     type Entered = ();
    ///     fn enter(&self) {}
    ///     fn on_completion(self, _: Completion<'_>) {}
    /// }
    ///
    /// let future = observe(Silent, || std::future::pending::<()>());
    /// assert!(future.is_observed());
    /// ```
    ///
    /// # Panics
    ///
    /// Polling it after it was ready panics.
    #[must_use = "futures do nothing unless polled"]
    pub struct CompletionFuture<F, O: Observer> {
        // `None` in `call`, and once it was ready: so it can be dropped in place, within the observer.
        #[pin]
        inner: Option<F>,
        watch: Watch<O>,
    }

    impl<F, O: Observer> PinnedDrop for CompletionFuture<F, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // When the inner future's drop panics, the watch's own drop tells the observer.
            this.watch.release(|| this.inner.set(None));
        }
    }
}

impl<F, O: Observer> CompletionFuture<F, O> {
    /// Wraps a future that nobody observes, for a layer that is switched off.
    pub const fn unobserved(inner: F) -> Self {
        Self {
            inner: Some(inner),
            watch: Watch::new(None, Point::Future),
        }
    }

    /// Whether an observer waits for the end.
    #[must_use]
    pub const fn is_observed(&self) -> bool {
        self.watch.is_on()
    }
}

impl<F, O, B, E> CompletionFuture<F, O>
where
    F: Future<Output = Result<Response<B>, E>>,
    O: Observer,
    B: Body,
    E: 'static,
{
    /// Polls, and puts the observed body into the layer's own type of body.
    ///
    /// For the future of a layer that has its own types: a response is large enough to count its moves,
    /// and `Response::map` afterwards would be one more.
    ///
    /// # Panics
    ///
    /// As polling does, if it was ready before.
    #[inline]
    pub fn poll_wrapped<W>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        wrap: impl FnOnce(CompletionBody<B, O>) -> W,
    ) -> Poll<Result<Response<W>, E>> {
        let mut this = self.project();
        let watch = this.watch;

        let _entered = watch.enter();
        // Written in place: a response is large enough to count its moves.
        let mut polled = Poll::Pending;
        let mut ended = false;
        watch.run(|| {
            let inner = this.inner.as_mut().as_pin_mut();
            polled = inner
                .expect("the future is not polled after it was ready")
                .poll(cx);
            let Poll::Ready(result) = &polled else { return };
            this.inner.set(None);
            ended = result
                .as_ref()
                .is_ok_and(|response| response.body().is_end_stream());
        });

        Poll::Ready(match ready!(polled) {
            Ok(response) => {
                let (mut head, body) = response.into_parts();
                match watch.tell(|observer| observer.on_head(&mut head)) {
                    Some(Next::End) => watch.complete(Completion::Head),
                    // The server may never poll such a body, and tonic throws it away.
                    Some(Next::Body) if ended => watch.complete(Completion::End),
                    Some(Next::Body) | None => {}
                }
                let body = CompletionBody::new(body, watch.pass_to(Point::Body));
                Ok(Response::from_parts(head, wrap(body)))
            }
            Err(error) => {
                watch.complete(Completion::Failed(Failure::new(Point::Future, &error)));
                Err(error)
            }
        })
    }
}

impl<F, O, B, E> Future for CompletionFuture<F, O>
where
    F: Future<Output = Result<Response<B>, E>>,
    O: Observer,
    B: Body,
    E: 'static,
{
    type Output = Result<Response<CompletionBody<B, O>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_wrapped(cx, |body| body)
    }
}

// By hand, so that neither the future nor the observer needs `Debug`.
impl<F, O: Observer> fmt::Debug for CompletionFuture<F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionFuture")
            .field("is_observed", &self.is_observed())
            .finish_non_exhaustive()
    }
}
