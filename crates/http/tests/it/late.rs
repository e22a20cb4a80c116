//! A layer that stands where the route is not known, and learns it.

use std::convert::Infallible;

use axum::{Router, body::Body, routing};
use futures_util::FutureExt;
use http::{Request, Response};
use throughline_catalog::catalog;
use throughline_http::{Method, Route, RouteLayer, ServerLayer, Status, tell_route};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::{
    ledger::{Endpoint, Ledger, layer},
    script::{answering, body, get, read_all},
    traces::{Trace, attributes},
};

catalog! { mod learnt, budget 100_000;
    /// What the outer layer counts.
    counter learnt_outer_total { route: Endpoint, status: Status };
    /// What the inner layer counts.
    counter learnt_inner_total { route: Endpoint };
    /// Time to the headers.
    histogram learnt_headers_seconds { route: Endpoint } buckets [1.0];
    /// In flight, by what is known at the start.
    gauge learnt_in_flight { method: Method, route: Endpoint };
}

fn app() -> Router {
    Router::new()
        .route("/late/{id}", routing::get(|| async { "late" }))
        .route_layer(RouteLayer::new())
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn around_the_router_the_template_is_known_and_its_fallback_is_counted() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().late().layer(app());
    for path in ["/late/1", "/late/2", "/nowhere"] {
        let response = service.clone().oneshot(request(path)).await.unwrap();
        read_all(response.into_body()).await;
    }
    ledger.assert_all(&[
        ("GET", "/late/{id}", 200, "completed"),
        ("GET", "/late/{id}", 200, "completed"),
        ("GET", "unmatched", 404, "completed"),
    ]);
}

#[tokio::test]
async fn around_nest_service_the_whole_template_is_known() {
    let outer = Router::new()
        .nest_service("/v1", app())
        .layer(layer().late());
    let ledger = Ledger::new();
    let _open = ledger.open();
    let response = outer.oneshot(request("/v1/late/7")).await.unwrap();
    read_all(response.into_body()).await;
    ledger.assert_one("GET", "/v1/late/{id}", 200, "completed");
}

#[tokio::test]
async fn a_layer_that_does_not_listen_is_told_nothing() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(app());
    let response = service.oneshot(request("/late/1")).await.unwrap();
    read_all(response.into_body()).await;
    ledger.assert_one("GET", "unmatched", 200, "completed");
}

#[tokio::test]
async fn layers_within_each_other_hear_the_same_and_disturb_nobody() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let inner = ServerLayer::new().late().total(learnt::learnt_inner_total);
    let outer = ServerLayer::new().late().total(learnt::learnt_outer_total);
    let deaf = layer();
    let service = ServiceBuilder::new()
        .layer(outer)
        .layer(deaf)
        .layer(inner)
        .service(app());
    let response = service.oneshot(request("/late/1")).await.unwrap();
    read_all(response.into_body()).await;
    ledger.assert_one("GET", "unmatched", 200, "completed");
    let read = ledger.read();
    assert_eq!(read["learnt_outer_total{route=/late/{id},status=200}"], 1.0);
    assert_eq!(read["learnt_inner_total{route=/late/{id}}"], 1.0);
}

#[tokio::test]
async fn the_innermost_router_is_right() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = layer().late().layer(RouteLayer::of("/outer").layer(
        RouteLayer::by(|_| Route::of("/inner")).layer(
            RouteLayer::by(|_| Route::unmatched()).layer(tower::service_fn(
                async |request: Request<String>| {
                    // Who knows better still can say so; the last counts.
                    if request.uri() == "/told" {
                        tell_route(request.extensions(), Route::of("/told"));
                    }
                    Ok::<_, Infallible>(Response::new(body(&[])))
                },
            )),
        ),
    ));
    for path in ["/", "/told"] {
        read_all(service.call(get(path)).await.unwrap().into_body()).await;
    }
    ledger.assert_all(&[
        ("GET", "/inner", 200, "completed"),
        ("GET", "/told", 200, "completed"),
    ]);
    // Without anybody who listens, nothing happens.
    tell_route(get("/").extensions(), Route::of("/nobody"));
}

#[tokio::test]
async fn a_request_that_is_dropped_or_panics_has_its_template_too() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let app = Router::new()
        .route("/wait", routing::get(std::future::pending::<()>))
        .route(
            "/panic",
            routing::get(crate::script::silent_panic::<std::future::Ready<()>>),
        )
        .route_layer(RouteLayer::new());
    let service = layer().late().layer(app);
    assert!(
        service
            .clone()
            .oneshot(request("/wait"))
            .now_or_never()
            .is_none()
    );
    let panics = std::panic::AssertUnwindSafe(service.oneshot(request("/panic")));
    assert!(panics.catch_unwind().await.is_err());
    ledger.assert_all(&[
        ("GET", "/wait", 499, "cancelled"),
        ("GET", "/panic", 500, "panicked"),
    ]);
}

#[tokio::test]
async fn the_gauge_is_by_what_was_known_and_the_headers_by_what_is() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = ServerLayer::new()
        .late()
        .in_flight(learnt::learnt_in_flight)
        .time_to_headers(learnt::learnt_headers_seconds)
        .layer(app());
    let response = service.oneshot(request("/late/1")).await.unwrap();
    let gauge = "learnt_in_flight{method=GET,route=unmatched}".to_owned();
    let headers = "learnt_headers_seconds{route=/late/{id}}".to_owned();
    let expected = [(headers.clone(), 1.0), (gauge.clone(), 1.0)];
    assert_eq!(ledger.read(), expected.into());
    drop(response);
    assert_eq!(ledger.read(), [(headers, 1.0), (gauge, 0.0)].into());
}

#[tokio::test]
async fn the_span_gets_its_name_and_its_route() {
    let trace = Trace::new();
    let service = ServerLayer::new().late().trace().layer(app());
    let mut request = request("/late/1");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    let span = trace.span();
    assert_eq!(span.name, "GET /late/{id}");
    let routes = attributes(&span);
    let routes: Vec<_> = routes
        .iter()
        .filter(|a| a.starts_with("http.route="))
        .collect();
    assert_eq!(routes, ["http.route=/late/{id}"]);
}

#[tokio::test]
async fn the_inner_layers_change_nothing() {
    let mut service = RouteLayer::of("/same").layer(answering(|request| {
        Response::new(body(&[])).map(|body| {
            assert_eq!(request.body(), "kept");
            body
        })
    }));
    let response = service.call(Request::new("kept".to_owned())).await;
    assert_eq!(response.unwrap().status(), 200);
    let mut routed = RouteLayer::new().layer(7);
    assert_eq!(*routed.get_ref(), 7);
    *routed.get_mut() = 8;
    assert_eq!(routed.into_inner(), 8);
}
