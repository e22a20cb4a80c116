//! Calls, as a client without any layer makes them.

use std::future::poll_fn;
use std::pin::pin;

use http::{Method, Request, Response, Version, header};
use http_body::Body as _;
use http_body_util::Full;
use tonic::body::Body;
use tower::{BoxError, ServiceExt};

use super::script::message;
use super::subject::Client;

/// Headers of a request.
pub type Headers<'a> = &'a [(&'static str, &'a str)];

/// A request as a generated client makes it: its URI is a path alone.
pub fn request(method: &str, headers: Headers<'_>) -> Request<Body> {
    let mut request = Request::builder()
        .method(Method::POST)
        .version(Version::HTTP_2)
        .uri(format!("/{method}"))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Body::new(Full::new(message()));
    request.body(body).expect("the request is valid")
}

/// Calls a method, and reads the response to its end.
pub async fn call(client: &Client, method: &str, headers: Headers<'_>) -> Result<(), BoxError> {
    let response = begin(client, method, headers).await?;
    read(response, usize::MAX).await
}

/// Calls a method until there is a head.
pub async fn begin(
    client: &Client,
    method: &str,
    headers: Headers<'_>,
) -> Result<Response<Body>, BoxError> {
    client.clone().oneshot(request(method, headers)).await
}

/// Reads this many frames, and drops the rest.
pub async fn read(response: Response<Body>, frames: usize) -> Result<(), BoxError> {
    let mut body = pin!(response.into_body());
    for _ in 0..frames {
        match poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            Some(frame) => drop(frame?),
            None => break,
        }
    }
    Ok(())
}
