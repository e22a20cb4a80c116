//! Behind axum's router: each request once, whatever is sent back.

use axum::{Router, body::Body, routing};
use futures_util::stream;
use http::{Request, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    ledger::{Ledger, layer},
    script::read_all,
};

fn app() -> Router {
    Router::new()
        .route("/items/{id}", routing::get(|| async { "an item" }))
        .route(
            "/broken",
            routing::get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .route(
            "/gone",
            routing::delete(|| async { StatusCode::NO_CONTENT }),
        )
        .route(
            "/cached",
            routing::get(|| async { StatusCode::NOT_MODIFIED }),
        )
        .layer(layer())
}

fn request(method: &str, uri: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(uri);
    request.body(Body::empty()).expect("the request is valid")
}

#[tokio::test]
async fn each_response_is_counted_once_under_its_template() {
    for (method, path, endpoint, status) in [
        ("GET", "/items/1", "/items/{id}", 200),
        ("GET", "/items/2?full=1", "/items/{id}", 200),
        ("HEAD", "/items/1", "/items/{id}", 200),
        ("POST", "/items/1", "/items/{id}", 405),
        ("GET", "/broken", "/broken", 500),
        ("DELETE", "/gone", "/gone", 204),
        ("GET", "/cached", "/cached", 304),
        ("GET", "/nowhere", "unmatched", 404),
        ("GET", "/items/1/parts", "unmatched", 404),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let response = app().oneshot(request(method, path)).await.unwrap();
        assert_eq!(response.status(), status);
        read_all(response.into_body()).await;
        ledger.assert_one(method, endpoint, status, "completed");
    }
}

#[tokio::test]
async fn a_response_without_a_body_is_complete_though_nobody_reads_it() {
    for (method, path, endpoint, status) in [
        ("HEAD", "/items/1", "/items/{id}", 200),
        ("DELETE", "/gone", "/gone", 204),
        ("GET", "/cached", "/cached", 304),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        drop(app().oneshot(request(method, path)).await.unwrap());
        ledger.assert_one(method, endpoint, status, "completed");
    }
}

#[tokio::test]
async fn a_nested_router_has_the_whole_template_and_its_fallback_none() {
    let inner = Router::new().route("/deep/{id}", routing::get(|| async { "deep" }));
    let app = Router::new().nest("/v1", inner).layer(layer());
    let ledger = Ledger::new();
    let _open = ledger.open();
    for path in ["/v1/deep/3", "/v1/nowhere"] {
        let response = app.clone().oneshot(request("GET", path)).await.unwrap();
        read_all(response.into_body()).await;
    }
    ledger.assert_all(&[
        ("GET", "/v1/deep/{id}", 200, "completed"),
        ("GET", "unmatched", 404, "completed"),
    ]);
}

#[tokio::test]
async fn a_stream_is_counted_when_its_last_chunk_has_passed() {
    let app = Router::new()
        .route(
            "/stream",
            routing::get(|| async {
                let chunks = ["one", "two", "three"].map(Ok::<_, std::io::Error>);
                Body::from_stream(stream::iter(chunks))
            }),
        )
        .layer(layer());
    let ledger = Ledger::new();
    let _open = ledger.open();

    let response = app.oneshot(request("GET", "/stream")).await.unwrap();
    let mut body = response.into_body();
    for chunk in ["one", "two", "three"] {
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), chunk);
        // Nothing but the gauge so far.
        let so_far: Vec<_> = ledger.read().into_iter().collect();
        assert_eq!(
            so_far,
            [("shop_requests_in_flight{method=GET}".to_owned(), 1.0)]
        );
    }
    assert!(body.frame().await.is_none());
    ledger.assert_one("GET", "/stream", 200, "completed");
}

#[tokio::test]
async fn a_known_length_survives_so_that_axum_can_say_it() {
    let response = app().oneshot(request("GET", "/items/1")).await.unwrap();
    assert_eq!(response.headers()["content-length"], "7");
    assert_eq!(response.body().size_hint().exact(), Some(7));
}
