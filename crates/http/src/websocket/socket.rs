//! The socket, in a type of this crate's own.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};
use futures_sink::Sink;
use pin_project_lite::pin_project;
use throughline_context::Scope;

use super::{guard::Guard, labels::Direction, message::Frame, reason::CloseReason};

pin_project! {
    /// A connection that is observed: the same stream of messages and the same sink.
    pub struct ObservedSocket<S, M> {
        // `None` only in drop: so it can be dropped in place, within the scope.
        #[pin]
        inner: Option<S>,
        frame: fn(&M) -> Frame,
        guard: Option<Guard>,
        scope: Scope,
    }

    impl<S, M> PinnedDrop for ObservedSocket<S, M> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.scope.enter();
            // Dropped last here, also when the socket's own drop panics; and in scope.
            let _guard = this.guard.take();
            this.inner.set(None);
        }
    }
}

impl<S, M> ObservedSocket<S, M> {
    pub(super) const fn new(inner: S, frame: fn(&M) -> Frame, guard: Guard, scope: Scope) -> Self {
        Self {
            inner: Some(inner),
            frame,
            guard: Some(guard),
            scope,
        }
    }

    /// The socket, to ask for what was negotiated.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        self.inner.as_ref().expect("the socket is there until drop")
    }

    /// The next message; nothing once the connection has ended.
    pub async fn recv<E>(&mut self) -> Option<Result<M, E>>
    where
        S: Stream<Item = Result<M, E>> + Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Sends a message and waits until it is written.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn send(&mut self, message: M) -> Result<(), S::Error>
    where
        S: Sink<M> + Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_ready(cx)).await?;
        Pin::new(&mut *self).start_send(message)?;
        poll_fn(|cx| Pin::new(&mut *self).poll_flush(cx)).await
    }

    /// Runs the socket in scope, and tells the guard what came of it.
    fn within<R>(
        self: Pin<&mut Self>,
        run: impl FnOnce(Pin<&mut S>) -> R,
        tell: impl FnOnce(&mut Guard, &R),
    ) -> R {
        let this = self.project();
        let inner = this.inner.as_pin_mut();
        let inner = inner.expect("the socket is there until drop");
        let guard = this.guard.as_mut().expect("the guard is there until drop");
        let _entered = this.scope.enter();
        guard.polling = true;
        let result = run(inner);
        guard.polling = false;
        tell(guard, &result);
        result
    }
}

/// What a sink answered to anything but a message.
fn answered<E>(guard: &mut Guard, answer: &Poll<Result<(), E>>) {
    if matches!(answer, Poll::Ready(Err(_))) {
        guard.failed();
    }
}

impl<S, M, E> Stream for ObservedSocket<S, M>
where
    S: Stream<Item = Result<M, E>>,
{
    type Item = Result<M, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let frame = self.frame;
        self.within(
            |inner| inner.poll_next(cx),
            |guard, polled| match polled {
                Poll::Ready(Some(Ok(message))) => guard.passed(Direction::Inbound, frame(message)),
                Poll::Ready(Some(Err(_))) => guard.failed(),
                Poll::Ready(None) => guard.end(CloseReason::NoClose),
                Poll::Pending => {}
            },
        )
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.get_ref().size_hint()
    }
}

impl<S, M, E> FusedStream for ObservedSocket<S, M>
where
    S: FusedStream<Item = Result<M, E>>,
{
    fn is_terminated(&self) -> bool {
        self.get_ref().is_terminated()
    }
}

impl<S, M> Sink<M> for ObservedSocket<S, M>
where
    S: Sink<M>,
{
    type Error = S::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.within(|inner| inner.poll_ready(cx), answered)
    }

    fn start_send(self: Pin<&mut Self>, message: M) -> Result<(), S::Error> {
        let frame = (self.frame)(&message);
        self.within(
            |inner| inner.start_send(message),
            |guard, sent| match sent {
                Ok(()) => guard.passed(Direction::Outbound, frame),
                Err(_) => guard.failed(),
            },
        )
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.within(|inner| inner.poll_flush(cx), answered)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.within(
            |inner| inner.poll_close(cx),
            |guard, closed| match closed {
                // Whoever closes without a frame of its own sends one without a code.
                Poll::Ready(Ok(())) => guard.closes(CloseReason::NoStatus),
                other => answered(guard, other),
            },
        )
    }
}

// By hand, so that the socket need not have it; one could show its messages.
impl<S, M> fmt::Debug for ObservedSocket<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedSocket")
            .field("guard", &self.guard)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
