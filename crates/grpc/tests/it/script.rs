//! Services and bodies that do what a test says, in plain `http`.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use tower::{BoxError, Service, service_fn};

pub(crate) type Messages = UnsyncBoxBody<Bytes, BoxError>;

/// What a body does next. After the last step it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// A message of no bytes.
    Data,
    /// These bytes of the wire.
    Bytes(&'static [u8]),
    /// Trailers with this `grpc-status`, or without any.
    Trailers(Option<&'static str>),
    Fail,
    Panic,
    /// For ever.
    Wait,
}

/// Panics without the hook, whose output would bury the tests'.
pub(crate) fn silent_panic<T>() -> T {
    std::panic::resume_unwind(Box::new("scripted"))
}

pub(crate) fn status(value: &str) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(value).expect("the status is a header's value");
    (HeaderName::from_static("grpc-status"), value)
}

pub(crate) fn body(steps: &'static [Step]) -> Messages {
    let frames = stream::iter(steps).then(|step| async move {
        match step {
            Step::Data => Ok(Frame::data(Bytes::from_static(b"\0\0\0\0\0"))),
            Step::Bytes(data) => Ok(Frame::data(Bytes::from_static(data))),
            Step::Trailers(None) => Ok(Frame::trailers(HeaderMap::new())),
            Step::Trailers(Some(value)) => {
                Ok(Frame::trailers(HeaderMap::from_iter([status(value)])))
            }
            Step::Fail => Err("the connection was reset".into()),
            Step::Panic => silent_panic(),
            Step::Wait => std::future::pending().await,
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// A response as a handler gives it: its status is in the trailers.
pub(crate) fn stream(steps: &'static [Step]) -> Response<Messages> {
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(body(steps)).expect("the head is valid")
}

/// A response that is a head and nothing else.
pub(crate) fn head_only(code: &str) -> Response<Messages> {
    let mut response = stream(&[]);
    response.headers_mut().extend([status(code)]);
    response
}

/// A service that answers with what `answer` makes of each request.
pub(crate) fn answering<F>(
    answer: F,
) -> impl Service<Request<String>, Response = Response<Messages>, Error = Infallible, Future: Send>
+ Clone
+ Send
where
    F: Fn(Request<String>) -> Response<Messages> + Clone + Send,
{
    service_fn(move |request| std::future::ready(Ok(answer(request))))
}

/// A service whose future is `future`.
pub(crate) fn doing<F, Fut, E>(
    future: F,
) -> impl Service<Request<String>, Response = Response<Messages>, Error = E, Future = Fut> + Clone
where
    F: Fn() -> Fut + Clone,
    Fut: Future<Output = Result<Response<Messages>, E>>,
{
    service_fn(move |_| future())
}

pub(crate) fn call(path: &str) -> Request<String> {
    Request::post(path)
        .body(String::new())
        .expect("the path is valid")
}

/// Reads to the end, as tonic does.
pub(crate) async fn read_all<B: http_body::Body>(body: B) {
    let mut body = std::pin::pin!(body);
    while let Some(Ok(_)) = body.frame().await {}
}
