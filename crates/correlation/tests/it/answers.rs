//! Answers that no handler gave: each has the header.
#![cfg(all(feature = "axum", feature = "tonic", feature = "tower-http"))]

use axum::{
    Json, Router,
    body::Body,
    extract::Path,
    routing::{get, post},
};
use http::{Method, Request, Response, StatusCode};
use throughline_correlation::{Ids, JobId, Key, RequestId, RequestIdLayer, forward_ids};
use tower::{Layer, ServiceExt};

fn app() -> Router {
    Router::new()
        .route(
            "/jobs/{n}",
            get(|Path(n): Path<u32>| async move { n.to_string() }),
        )
        .route(
            "/jobs",
            post(|Json(n): Json<u32>| async move { n.to_string() }),
        )
        .route("/id", get(|id: RequestId| async move { id.to_string() }))
        .route(
            "/maybe",
            get(|id: Option<RequestId>| async move {
                id.map_or("none".to_owned(), |id| id.to_string())
            }),
        )
}

async fn text(response: Response<Body>) -> String {
    let body = axum::body::to_bytes(response.into_body(), 10_000)
        .await
        .unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn request(method: Method, path: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("x-request-id", "r-1");
    request.body(Body::from("nonsense")).unwrap()
}

// A14
#[tokio::test]
async fn a_rejection_of_axum_has_the_header() {
    for (method, path, status) in [
        (Method::GET, "/jobs/seven", StatusCode::BAD_REQUEST),
        (Method::POST, "/jobs", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::DELETE, "/jobs", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
        (Method::GET, "/jobs/7", StatusCode::OK),
    ] {
        let app = app().layer(RequestIdLayer::new());
        let response = app.oneshot(request(method, path)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()["x-request-id"], "r-1", "{path}");
    }
}

#[tokio::test]
async fn a_handler_extracts_the_id() {
    let layered = || app().layer(RequestIdLayer::new());
    for path in ["/id", "/maybe"] {
        let response = layered().oneshot(request(Method::GET, path)).await.unwrap();
        assert_eq!(text(response).await, "r-1");
    }
    // Without the layer nobody vouches for the header.
    let response = app().oneshot(request(Method::GET, "/id")).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(response).await, "");
    let response = app().oneshot(request(Method::GET, "/maybe")).await.unwrap();
    assert_eq!(text(response).await, "none");
}

#[tokio::test]
async fn a_call_that_no_grpc_service_answers_has_the_header() {
    let routes = tonic::service::Routes::default().prepare();
    let service = RequestIdLayer::new().layer(routes);
    let request = Request::post("/kernel.v1.Kernel/Run")
        .header("content-type", "application/grpc")
        .header("x-request-id", "r-1")
        .body(tonic::body::Body::empty())
        .unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "12");
    assert_eq!(response.headers()["x-request-id"], "r-1");
}

#[tokio::test]
async fn a_status_that_is_all_of_a_grpc_response_has_the_header() {
    let refuse = tower::service_fn(|_: Request<()>| async {
        let status = tonic::Status::unauthenticated("who are you");
        Ok::<_, std::convert::Infallible>(status.into_http::<tonic::body::Body>())
    });
    let service = RequestIdLayer::new().layer(refuse);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "16");
    let id = response.headers()["x-request-id"].to_str().unwrap();
    assert!(RequestId::parse(id).is_ok());
}

#[test]
fn the_ids_in_scope_go_into_metadata_and_out_of_a_call() {
    let ids = Ids::empty()
        .with(&RequestId::parse("r-1").unwrap())
        .with(&JobId::parse("j-1").unwrap());
    let mut call = tonic::Request::new(());
    call.metadata_mut()
        .insert("x-job-id", "mine".parse().unwrap());
    let sent = ids.run(|| forward_ids(call)).unwrap();
    assert_eq!(sent.metadata().get("x-request-id").unwrap(), "r-1");
    assert_eq!(
        sent.metadata().get("x-job-id").unwrap(),
        "mine",
        "what was set stays"
    );

    let mut call = tonic::Request::new(());
    assert_eq!(RequestId::of_rpc(&call), None);
    call.extensions_mut()
        .insert(RequestId::parse("r-2").unwrap());
    assert_eq!(RequestId::of_rpc(&call).unwrap().as_str(), "r-2");
}

#[tokio::test]
async fn tower_https_own_id_is_the_same() {
    let service =
        RequestIdLayer::new().layer(tower::service_fn(|request: Request<Body>| async move {
            let theirs = request
                .extensions()
                .get::<tower_http::request_id::RequestId>();
            let theirs = theirs.unwrap().header_value().clone();
            Ok::<_, std::convert::Infallible>(Response::new(theirs))
        }));
    let response = service.oneshot(request(Method::GET, "/")).await.unwrap();
    assert_eq!(response.body(), "r-1");
}

#[tokio::test]
async fn a_listener_may_take_nothing_and_make_its_own_under_its_own_name() {
    let layer = RequestIdLayer::new()
        .accept(Key::ALL)
        .take_none()
        .header(http::HeaderName::from_static("x-edge-id"))
        .generate_with(|| RequestId::parse("edge-1").unwrap());
    assert!(format!("{layer:?}").contains("x-edge-id"));
    let service = layer.layer(tower::service_fn(|request: Request<()>| async move {
        let sent = request.headers()["x-edge-id"].clone();
        Ok::<_, std::convert::Infallible>(Response::new((Ids::current(), sent)))
    }));
    let request = Request::builder()
        .header("x-edge-id", "forged")
        .header("x-edge-id", "forged too")
        .header("x-job-id", "j-1");
    let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["x-edge-id"], "edge-1");
    let (ids, sent) = response.body();
    assert_eq!(ids.iter().collect::<Vec<_>>(), [(Key::Request, "edge-1")]);
    assert_eq!(sent, "edge-1");
    assert!(!response.headers().contains_key("x-request-id"));
}
