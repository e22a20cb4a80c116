//! Tells what arrives, and passes it on.

use axum::{
    Router,
    body::Bytes,
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE};
use throughline_correlation::RequestIdLayer;
use throughline_http::ServerLayer;

use super::Caller;
use crate::seen::Seen;

/// `POST /echo`: answers with what it sees, after it has passed the body on to `next`, if there is
/// one.
pub fn echo(next: Option<Uri>) -> Router {
    let caller = Caller::new();
    let handler = move |headers: HeaderMap, body: Bytes| {
        let (caller, next) = (caller.clone(), next.clone());
        async move { answer(&caller, next, &headers, body).await }
    };
    Router::new()
        .route("/echo", post(handler))
        .layer(ServerLayer::new().trace())
        .layer(RequestIdLayer::new())
}

async fn answer(caller: &Caller, next: Option<Uri>, headers: &HeaderMap, body: Bytes) -> Response {
    let mut seen = Seen::new(headers);
    if let Some(url) = next {
        match caller.post(url, body).await {
            Ok((StatusCode::OK, answer)) => match serde_json::from_slice(&answer) {
                Ok(answer) => seen.next = Some(answer),
                Err(why) => return bad(format!("the answer of the far end is not JSON: {why}")),
            },
            Ok((status, _)) => return bad(format!("the far end answered {status}")),
            Err(why) => return bad(why.to_string()),
        }
    }
    ([(CONTENT_TYPE, "application/json")], seen.to_json()).into_response()
}

fn bad(why: String) -> Response {
    (StatusCode::BAD_GATEWAY, why + "\n").into_response()
}
