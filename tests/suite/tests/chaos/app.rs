//! The server: a route for each way in which a request can end.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    error_handling::HandleErrorLayer,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use futures_util::{StreamExt, stream};
use http::{StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use throughline_catalog::catalog;
use throughline_http::{Outcome, Route, ServerLayer, Status};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
};
use tower::{BoxError, ServiceBuilder, timeout::TimeoutLayer};
use tower_http::catch_panic::CatchPanicLayer;

catalog! { pub(crate) mod chaos, budget 1_000_000;
    /// Requests served.
    counter chaos_requests_total { route: Route, status: Status, outcome: Outcome };
    /// Time to the end of the response.
    histogram chaos_request_duration_seconds { route: Route } buckets [0.01, 1.0];
    /// Requests being served.
    gauge chaos_requests_in_flight { route: Route };
}

/// Who wants to know that a handler has begun, by the request's number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<Mutex<HashMap<u64, oneshot::Sender<()>>>>);

impl Waiting {
    pub(crate) fn for_request(&self, n: u64) -> oneshot::Receiver<()> {
        let (begun, has_begun) = oneshot::channel();
        self.0.lock().expect("no panic").insert(n, begun);
        has_begun
    }

    fn begun(&self, uri: &Uri) {
        let n = uri.path().rsplit('/').next().and_then(|n| n.parse().ok());
        let n: u64 = n.expect("the client sends its number");
        let begun = self.0.lock().expect("no panic").remove(&n);
        // The client fails on its own if it does not wait any more.
        let _ = begun.expect("the client waits for it").send(());
    }
}

pub(crate) fn app(waiting: Waiting) -> Router {
    let layer = ServerLayer::new()
        .total(chaos::chaos_requests_total)
        .duration(chaos::chaos_request_duration_seconds)
        .in_flight(chaos::chaos_requests_in_flight);
    // Far below any patience: nothing is measured by it.
    let timeout = TimeoutLayer::new(Duration::from_millis(2));
    let inside = Router::new()
        .route("/items/{id}", get(async || "item").post(created))
        .route(
            "/refused",
            get(async || (StatusCode::UNPROCESSABLE_ENTITY, "no")),
        )
        .route("/broken", get(async || StatusCode::SERVICE_UNAVAILABLE))
        .route("/empty", get(async || StatusCode::NO_CONTENT))
        .route("/unchanged", get(async || StatusCode::NOT_MODIFIED))
        .route("/stream", get(async || streamed(Ending::Ends)))
        .route("/any/{n}", any(async || StatusCode::OK))
        .route("/panics/inside", get(panics).layer(CatchPanicLayer::new()))
        .route("/panics/bare", get(panics))
        .route("/panics/body", get(async || streamed(Ending::Panics)))
        .route("/fails", get(async || streamed(Ending::Fails)))
        .route("/waits/{n}", get(waits))
        .route("/reads/{n}", post(reads))
        .route("/drips", get(async || streamed(Ending::Waits)))
        .route("/floods", get(async || streamed(Ending::Floods)))
        .route("/upgrades", get(upgrades))
        .route(
            "/late/answered",
            get(std::future::pending::<StatusCode>).layer(
                ServiceBuilder::new()
                    .layer(HandleErrorLayer::new(request_timeout))
                    .layer(timeout.clone()),
            ),
        )
        .layer(layer.clone());
    // What stands outside of the layer.
    let outside = Router::new()
        .route(
            "/panics/outside",
            get(panics).layer((CatchPanicLayer::new(), layer.clone())),
        )
        .route(
            "/late/failed",
            get(std::future::pending::<StatusCode>).layer(
                ServiceBuilder::new()
                    .layer(HandleErrorLayer::new(gateway_timeout))
                    .layer(layer)
                    .layer(timeout),
            ),
        );
    // The other way around the answer to what matches nothing would be the one without a layer.
    outside.merge(inside).with_state(waiting)
}

async fn request_timeout(_: BoxError) -> StatusCode {
    StatusCode::REQUEST_TIMEOUT
}

async fn gateway_timeout(_: BoxError) -> StatusCode {
    StatusCode::GATEWAY_TIMEOUT
}

async fn created(body: Bytes) -> StatusCode {
    assert_eq!(body, "four");
    StatusCode::CREATED
}

/// Without the hook, whose output would bury everything else.
async fn panics() -> StatusCode {
    silent_panic()
}

fn silent_panic() -> ! {
    std::panic::resume_unwind(Box::new("chaos"))
}

/// Never answers.
async fn waits(State(waiting): State<Waiting>, uri: Uri) -> StatusCode {
    waiting.begun(&uri);
    std::future::pending().await
}

/// Reads until the client has left, and answers nobody.
async fn reads(State(waiting): State<Waiting>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let first = body.next().await;
    assert_eq!(first.expect("a part has come").expect("unbroken"), "half");
    waiting.begun(&head.uri);
    let rest = body.next().await.expect("it is not whole");
    rest.expect_err("it has broken off");
    StatusCode::BAD_REQUEST
}

/// What comes after three chunks.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Ends,
    Fails,
    Panics,
    Waits,
    Floods,
}

fn streamed(ending: Ending) -> Body {
    static MUCH: [u8; 16 * 1024] = [b'x'; 16 * 1024];
    let chunks = stream::repeat(Bytes::from_static(b"chunk")).take(3).map(Ok);
    let rest = stream::poll_fn(move |_| match ending {
        Ending::Ends => std::task::Poll::Ready(None),
        Ending::Fails => std::task::Poll::Ready(Some(Err(io::Error::other("the disk is gone")))),
        Ending::Panics => silent_panic(),
        Ending::Waits => std::task::Poll::Pending,
        Ending::Floods => std::task::Poll::Ready(Some(Ok(Bytes::from_static(&MUCH)))),
    });
    Body::from_stream(chunks.chain(rest))
}

/// Gives back what it is told in capitals.
async fn upgrades(mut request: Request) -> Response {
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let mut socket = TokioIo::new(upgraded);
        let mut heard = [0; 5];
        while socket.read_exact(&mut heard).await.is_ok() {
            heard.make_ascii_uppercase();
            if socket.write_all(&heard).await.is_err() {
                return;
            }
        }
    });
    let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "shout")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}
