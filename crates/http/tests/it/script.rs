//! Services and bodies that do what a test says.

use std::convert::Infallible;
use std::future::Future;
use std::task::Poll;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use tower::{BoxError, Service, service_fn};

pub(crate) type Bytestream = UnsyncBoxBody<Bytes, BoxError>;

/// What a body does next. After the last step it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Data,
    Trailers,
    Fail,
    Panic,
    /// For ever.
    Wait,
}

/// Panics without the hook, whose output would bury the tests'.
pub(crate) fn silent_panic<T>() -> T {
    std::panic::resume_unwind(Box::new("scripted"))
}

pub(crate) fn body(steps: &'static [Step]) -> Bytestream {
    boxed(stream::iter(steps).then(|step| async move {
        match step {
            Step::Data => Ok(Frame::data(Bytes::from_static(b"chunk"))),
            Step::Trailers => Ok(Frame::trailers(HeaderMap::from_iter([(
                http::header::ETAG,
                HeaderValue::from_static("\"1\""),
            )]))),
            Step::Fail => Err("the disk is gone".into()),
            Step::Panic => silent_panic(),
            Step::Wait => std::future::pending().await,
        }
    }))
}

/// A body of one chunk, in whose poll `look` runs.
pub(crate) fn looking_body(mut look: impl FnMut() + Send + 'static) -> Bytestream {
    let mut left = 1;
    boxed(stream::poll_fn(move |_| {
        look();
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"chunk")))))
    }))
}

fn boxed(
    stream: impl Stream<Item = Result<Frame<Bytes>, BoxError>> + Send + 'static,
) -> Bytestream {
    StreamBody::new(stream).boxed_unsync()
}

/// A service that answers with what `answer` makes of each request.
pub(crate) fn answering<F, B>(
    answer: F,
) -> impl Service<Request<String>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send
where
    F: Fn(Request<String>) -> Response<B> + Clone + Send,
    B: Send,
{
    service_fn(move |request| std::future::ready(Ok(answer(request))))
}

/// A service whose future is `future`.
pub(crate) fn doing<F, Fut, E>(
    future: F,
) -> impl Service<Request<String>, Response = Response<Bytestream>, Error = E, Future = Fut> + Clone
where
    F: Fn() -> Fut + Clone,
    Fut: Future<Output = Result<Response<Bytestream>, E>>,
{
    service_fn(move |_| future())
}

pub(crate) fn get(uri: &str) -> Request<String> {
    request("GET", uri)
}

pub(crate) fn request(method: &str, uri: &str) -> Request<String> {
    let request = Request::builder().method(method).uri(uri);
    request.body(String::new()).expect("the request is valid")
}

/// Reads to the end, as a server does.
pub(crate) async fn read_all<B>(body: B)
where
    B: Body,
    B::Error: std::fmt::Debug,
{
    let mut body = std::pin::pin!(body);
    while let Some(frame) = body.frame().await {
        assert!(frame.is_ok(), "{:?}", frame.err());
    }
}
