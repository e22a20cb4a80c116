//! Routes that are left out of everything but the context.

use axum::{Router, body::Body, routing};
use http::Request;
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_correlation::{Ids, RequestId, RequestIdLayer};
use throughline_http::RouteLayer;
use tower::{Layer, ServiceExt};

use crate::{
    ledger::{Ledger, layer},
    script::read_all,
    traces::Trace,
};

fn app() -> Router {
    let look = || async {
        let span = Context::current().span().span_context().span_id();
        let id = Ids::current_id::<RequestId>();
        format!("{span} {}", id.is_some())
    };
    Router::new()
        .route("/healthz", routing::get(look))
        .route("/healthz/{part}", routing::get(look))
}

async fn answer(app: Router, trace: &Trace, path: &str) -> String {
    let request = Request::get(path).header("traceparent", trace.traceparent());
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    let body = axum::body::to_bytes(response.unwrap().into_body(), 1_000).await;
    String::from_utf8(body.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_skipped_route_has_its_context_and_nothing_else() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let app = app()
        .layer(layer().trace().skip(["/healthz", "/metrics"]))
        .layer(RequestIdLayer::new());
    let trace = Trace::new();
    // Its span is the caller's.
    let expected = format!("{} true", trace.parent);
    assert_eq!(answer(app.clone(), &trace, "/healthz").await, expected);
    assert!(ledger.read().is_empty());
    assert!(trace.spans().is_empty());

    // A template is compared whole, and not with the path.
    assert_ne!(answer(app, &trace, "/healthz/metrics").await, expected);
    ledger.assert_one("GET", "/healthz/{part}", 200, "completed");
    assert_eq!(trace.span().name, "GET /healthz/{part}");
}

#[tokio::test]
async fn a_route_that_is_known_late_is_taken_out_again() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let app = app().route_layer(RouteLayer::new());
    let service = layer().late().skip(["/healthz"]).layer(app);
    let request = Request::get("/healthz").body(Body::empty()).unwrap();
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    assert_eq!(
        ledger.read(),
        [("shop_requests_in_flight{method=GET}".to_owned(), 0.0)].into()
    );
}

#[tokio::test]
async fn what_matched_nothing_can_be_skipped_by_its_name_alone() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    for (skipped, counted) in [("unmatched", false), ("/nowhere", true)] {
        let app: Router = app().layer(layer().skip([skipped]));
        let request = Request::get("/nowhere").body(Body::empty()).unwrap();
        read_all(app.oneshot(request).await.unwrap().into_body()).await;
        assert_eq!(!ledger.read().is_empty(), counted, "{skipped}");
    }
    ledger.assert_one("GET", "unmatched", 404, "completed");
}
