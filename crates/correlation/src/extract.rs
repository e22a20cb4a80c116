//! The request's id for axum's handlers.

use std::{convert::Infallible, fmt};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};

use crate::id::RequestId;

/// A handler asked for the id of its request and has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoRequestId;

impl fmt::Display for NoRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request has no id: is a `RequestIdLayer` around the handler?")
    }
}

impl std::error::Error for NoRequestId {}

impl IntoResponse for NoRequestId {
    fn into_response(self) -> Response {
        // What is missing is the service's own affair and is told in its documentation.
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// The id that [`RequestIdLayer`](crate::RequestIdLayer) put in the request's extensions. Without that
/// layer the handler answers 500; one that takes `Option<RequestId>` gets `None`.
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::Request;
/// use throughline_correlation::{RequestId, RequestIdLayer};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app: Router = Router::new()
///     .route("/", get(|id: RequestId| async move { format!("yours is {id}") }))
///     .layer(RequestIdLayer::new());
/// let request = Request::builder().header("x-request-id", "a7-42").body(Body::empty()).unwrap();
/// let response = app.oneshot(request).await.unwrap();
/// let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
/// assert_eq!(body, "yours is a7-42");
/// # }
/// ```
impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = NoRequestId;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoRequestId> {
        parts.extensions.get().cloned().ok_or(NoRequestId)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}
