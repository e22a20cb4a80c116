//! The service that the W3C harness drives: calls whom it is told to.

use axum::{
    Json, Router,
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use throughline_correlation::RequestIdLayer;
use throughline_http::ServerLayer;

use super::Caller;
use crate::process::parse_url;

/// How many calls one request may ask for.
const MAX_CALLS: usize = 256;

/// A call to be made.
#[derive(Debug, Deserialize)]
struct Call {
    url: String,
    arguments: Value,
}

/// `POST /test` with a JSON array of `{"url", "arguments"}`: for each, in order, a child span and a
/// `POST url` with `arguments` as JSON. The answer comes after all of theirs.
///
/// The answer is a JSON array of their statuses. A body that is not such an array is a 400 or 422, a
/// call that nobody answers a 502.
pub fn relay() -> Router {
    let caller = Caller::new();
    let handler = move |calls: Json<Vec<Call>>| {
        let caller = caller.clone();
        async move { answer(&caller, calls.0).await }
    };
    Router::new()
        .route("/test", post(handler))
        .layer(ServerLayer::new().trace())
        .layer(RequestIdLayer::new())
}

async fn answer(caller: &Caller, calls: Vec<Call>) -> Response {
    let refuse = |status: StatusCode, why: String| (status, why + "\n").into_response();
    if MAX_CALLS < calls.len() {
        let why = format!("{} calls; at most {MAX_CALLS} are made", calls.len());
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, why);
    }
    // All are read before the first is made.
    let parsed = calls.into_iter().map(|Call { url, arguments }| {
        let uri = parse_url(&url).map_err(|why| format!("the url {url:?} cannot be called: {why}"));
        Ok((uri?, Bytes::from(arguments.to_string())))
    });
    let calls: Vec<(Uri, Bytes)> = match parsed.collect::<Result<_, String>>() {
        Ok(calls) => calls,
        Err(why) => return refuse(StatusCode::UNPROCESSABLE_ENTITY, why),
    };
    let mut statuses = Vec::with_capacity(calls.len());
    for (url, arguments) in calls {
        match caller.post(url, arguments).await {
            Ok((status, _)) => statuses.push(status.as_u16()),
            Err(why) => return refuse(StatusCode::BAD_GATEWAY, why.to_string()),
        }
    }
    Json(json!(statuses)).into_response()
}
