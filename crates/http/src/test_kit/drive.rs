//! A request's way, step by step, as a server would go it; panics are caught as its task does.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

/// The inner service, or its body, has panicked.
#[derive(Debug)]
pub(super) struct Panicked;

/// What came of a request's head.
#[derive(Debug)]
pub(super) enum Answer<R> {
    Response(Response<Pin<Box<R>>>),
    Error,
}

/// Polls once, and catches a panic.
async fn polled<F: Future>(mut future: Pin<&mut F>) -> Result<Poll<F::Output>, Panicked> {
    poll_fn(|cx| {
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        Poll::Ready(poll.map_err(|_| Panicked))
    })
    .await
}

/// Polls to the end, and catches a panic.
pub(super) async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = Box::pin(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        },
    )
    .await
}

/// Asks, and waits for the head.
pub(super) async fn ask<S, B, R>(mut service: S, request: Request<B>) -> Answer<R>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    if poll_fn(|cx| service.poll_ready(cx)).await.is_err() {
        return Answer::Error;
    }
    match service.call(request).await {
        Ok(response) => Answer::Response(response.map(Box::pin)),
        Err(_) => Answer::Error,
    }
}

/// Asks, looks once, shows it to `look` and goes away. Whether there was no answer yet.
pub(super) async fn ask_and_leave<S, B, R>(
    service: S,
    request: Request<B>,
    look: impl FnOnce(),
) -> bool
where
    S: Service<Request<B>, Response = Response<R>>,
{
    let mut asking = Box::pin(ask(service, request));
    let is_waiting = matches!(polled(asking.as_mut()).await, Ok(Poll::Pending));
    if is_waiting {
        look();
    }
    is_waiting
}

/// Reads one frame; whether there was one.
pub(super) async fn read_one<R: Body>(body: &mut Pin<Box<R>>) -> Result<bool, Panicked> {
    let frame = caught(poll_fn(|cx| body.as_mut().poll_frame(cx))).await?;
    Ok(matches!(frame, Some(Ok(_))))
}

/// Reads to the end or to the error.
pub(super) async fn read_all<R: Body>(mut body: Pin<Box<R>>) -> Result<(), Panicked> {
    while !body.is_end_stream() && read_one(&mut body).await? {}
    Ok(())
}
