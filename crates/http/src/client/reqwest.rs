//! reqwest's client as a service of the `http` crate's requests.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use reqwest::{Body, Client};
use tower_service::Service;

/// reqwest's client, for layers that work on the `http` crate's types to go around.
///
/// A request's URI has to be absolute; one that is not is an error of reqwest's, from the future.
/// Redirects are followed inside, so that [`ClientLayer`](crate::ClientLayer) sees one request.
///
/// ```
/// use throughline_http::{ClientLayer, ReqwestService};
/// use tower::{Layer, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = ClientLayer::new().layer(ReqwestService::new(reqwest::Client::new()));
/// let request = http::Request::get("/nowhere").body("")?;
/// assert!(client.oneshot(request).await.unwrap_err().is_builder());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ReqwestService(Client);

impl ReqwestService {
    /// Wraps the client; a clone of it shares its connections.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self(client)
    }
}

impl<B: Into<Body>> Service<Request<B>> for ReqwestService {
    type Response = Response<Body>;
    type Error = reqwest::Error;
    type Future = ReqwestFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<reqwest::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> ReqwestFuture {
        let (pending, refused) = match request.try_into() {
            Ok(request) => (Some(self.0.call(request)), None),
            Err(error) => (None, Some(error)),
        };
        ReqwestFuture { pending, refused }
    }
}

pin_project! {
    /// The future of [`ReqwestService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ReqwestFuture {
        #[pin]
        pending: Option<<Client as Service<reqwest::Request>>::Future>,
        refused: Option<reqwest::Error>,
    }
}

impl Future for ReqwestFuture {
    type Output = reqwest::Result<Response<Body>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(error) = this.refused.take() {
            return Poll::Ready(Err(error));
        }
        let pending = this.pending.as_pin_mut();
        let pending = pending.expect("a future is not polled after it was ready");
        pending.poll(cx).map_ok(Response::from)
    }
}

impl fmt::Debug for ReqwestFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestFuture").finish_non_exhaustive()
    }
}
