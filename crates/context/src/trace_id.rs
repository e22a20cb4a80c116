//! The id of the trace at hand, for axum's handlers.

use std::{convert::Infallible, fmt};

use axum_core::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use opentelemetry::{Context, trace::TraceContextExt};

/// The id of the trace at hand, as an extractor: for a page or an error that shows it to its reader.
///
/// A handler without a trace, because no layer of ours is around it, answers 500; one that takes
/// `Option<TraceId>` gets `None`.
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::{HeaderMap, Request};
/// use throughline_context::{Scope, TraceId};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let app: Router = Router::new().route("/", get(|id: TraceId| async move { id.to_string() }));
///
/// let mut headers = HeaderMap::new();
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// headers.insert("traceparent", parent.parse().unwrap());
/// let call = app.oneshot(Request::new(Body::empty()));
/// let response = Scope::extract(&headers, []).around(call).await.unwrap();
/// let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
/// assert_eq!(body, "0af7651916cd43dd8448eb211c80319c");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(opentelemetry::trace::TraceId);

impl TraceId {
    /// The id of the current trace.
    #[must_use]
    pub fn current() -> Option<Self> {
        Context::map_current(|cx| {
            let span = cx.span();
            let span = span.span_context();
            span.is_valid().then(|| Self(span.trace_id()))
        })
    }

    /// The id as OpenTelemetry has it.
    #[must_use]
    pub const fn get(&self) -> opentelemetry::trace::TraceId {
        self.0
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A handler asked for the id of its trace and has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoTrace;

impl fmt::Display for NoTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handler has no trace: is a server layer around it?")
    }
}

impl std::error::Error for NoTrace {}

impl IntoResponse for NoTrace {
    fn into_response(self) -> Response {
        // What is missing is the service's own affair and is told in its documentation.
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TraceId {
    type Rejection = NoTrace;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, NoTrace> {
        Self::current().ok_or(NoTrace)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for TraceId {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::current())
    }
}
