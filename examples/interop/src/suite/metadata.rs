//! The metadata that the suite wants back: one value in the head, one in the trailers.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderName, Request, Response};
use http_body_util::BodyExt;
use tonic::{body::Body, server::NamedService};
use tower::{Layer, Service};

static INITIAL: HeaderName = HeaderName::from_static("x-grpc-test-echo-initial");
static TRAILING: HeaderName = HeaderName::from_static("x-grpc-test-echo-trailing-bin");

/// Puts an [`EchoMetadata`] around a service.
#[derive(Clone, Copy, Debug, Default)]
pub struct EchoMetadataLayer;

/// Sends `x-grpc-test-echo-initial` back in the head and `x-grpc-test-echo-trailing-bin` in the trailers.
///
/// A layer, since tonic's handlers give trailers only with an error.
#[derive(Clone, Copy, Debug)]
pub struct EchoMetadata<S>(S);

impl<S> Layer<S> for EchoMetadataLayer {
    type Service = EchoMetadata<S>;

    fn layer(&self, inner: S) -> Self::Service {
        EchoMetadata(inner)
    }
}

impl<S, B> Service<Request<B>> for EchoMetadata<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let initial = request.headers().get(&INITIAL).cloned();
        let trailing = request.headers().get(&TRAILING).cloned();
        let answer = self.0.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if let Some(value) = initial {
                response.headers_mut().insert(&INITIAL, value);
            }
            let Some(value) = trailing else {
                return Ok(response);
            };
            Ok(response.map(|body| {
                Body::new(body.map_frame(move |mut frame| {
                    if let Some(trailers) = frame.trailers_mut() {
                        trailers.insert(&TRAILING, value.clone());
                    }
                    frame
                }))
            }))
        })
    }
}

impl<S: NamedService> NamedService for EchoMetadata<S> {
    const NAME: &'static str = S::NAME;
}
