//! What can become a label, and in which families.

use axum::{Router, body::Body, routing};
use http::{Request, Response};
use throughline_catalog::{catalog, label};
use throughline_http::{
    Exchange, HttpLabel, Method, Outcome, Route, ServerLayer, Status, route_label,
};
use tower::{Layer, Service, ServiceExt};

use crate::{
    ledger::{Endpoint, Ledger, layer},
    script::{Step, answering, body, get, read_all, request},
};

label! {
    /// Whether the answer is worth its wait: a label of this file's own.
    enum Verdict { Good = "good", Bad = "bad" }
}

route_label! {
    /// The two routes of a small service.
    struct Small: Capped<2>;
}

impl HttpLabel for Verdict {
    fn read(exchange: &Exchange) -> Self {
        if exchange.is_server_error() {
            Self::Bad
        } else {
            Self::Good
        }
    }
}

catalog! { mod names, budget 100_000;
    /// Status first, and names of its own.
    counter names_reversed_total { code: Status, verb: Method };
    /// A label of the caller's own.
    counter names_judged_total { verdict: Verdict, how: Outcome };
    /// By a label with the cap of its service.
    counter names_small_total { route: Small };
    /// No label at all.
    counter names_bare_total {};
    /// The level of the same.
    gauge names_bare_in_flight {};
    /// Two labels that are known at the start, in the other order.
    gauge names_open { endpoint: Endpoint, method: Method };
}

#[tokio::test]
async fn labels_have_the_order_and_the_names_of_their_family() {
    let service = ServerLayer::new()
        .total(names::names_reversed_total)
        .layer(answering(|_| Response::new(body(&[]))));
    let ledger = Ledger::new();
    let _open = ledger.open();
    read_all(service.oneshot(get("/")).await.unwrap().into_body()).await;
    let read: Vec<_> = ledger.read().into_iter().collect();
    let expected = ("names_reversed_total{code=200,verb=GET}".to_owned(), 1.0);
    assert_eq!(read, [expected]);
}

#[tokio::test]
async fn a_label_of_the_callers_own_is_read_at_the_end() {
    let service = ServerLayer::new()
        .total(names::names_judged_total)
        .in_flight(names::names_bare_in_flight)
        .layer(answering(|request: Request<String>| {
            let steps: &[Step] = if request.uri() == "/bad" {
                &[Step::Fail]
            } else {
                &[]
            };
            Response::new(body(steps))
        }));
    let ledger = Ledger::new();
    let _open = ledger.open();
    for path in ["/bad", "/good"] {
        let response = service.clone().oneshot(get(path)).await.unwrap();
        let mut body = response.into_body();
        let _ = http_body_util::BodyExt::frame(&mut body).await;
    }
    let read: Vec<_> = ledger.read().into_iter().collect();
    let expected = [
        ("names_bare_in_flight{}", 0.0),
        ("names_judged_total{verdict=bad,how=failed}", 1.0),
        ("names_judged_total{verdict=good,how=completed}", 1.0),
    ];
    assert_eq!(read, expected.map(|(series, n)| (series.to_owned(), n)));
}

#[tokio::test]
async fn a_gauge_is_lowered_under_the_labels_under_which_it_was_raised() {
    let app = Router::new()
        .route("/open/{id}", routing::get(|| async { "open" }))
        .layer(ServerLayer::new().in_flight(names::names_open));
    let ledger = Ledger::new();
    let _open = ledger.open();
    let request = Request::get("/open/1").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    const SERIES: &str = "names_open{endpoint=/open/{id},method=GET}";
    assert_eq!(ledger.read(), [(SERIES.to_owned(), 1.0)].into());
    drop(response);
    assert_eq!(ledger.read(), [(SERIES.to_owned(), 0.0)].into());
}

#[tokio::test]
async fn two_layers_count_in_two_families() {
    let shop = layer().layer(answering(|_| Response::new(body(&[]))));
    let bare = ServerLayer::new()
        .total(names::names_bare_total)
        .layer(answering(|_| Response::new(body(&[]))));
    let ledger = Ledger::new();
    let _open = ledger.open();
    read_all(shop.oneshot(get("/")).await.unwrap().into_body()).await;
    for _ in 0..2 {
        let response = bare.clone().oneshot(get("/")).await.unwrap();
        read_all(response.into_body()).await;
    }
    ledger.assert_one("GET", "unmatched", 200, "completed");
    assert_eq!(ledger.read()["names_bare_total{}"], 2.0);
}

#[tokio::test]
async fn invented_methods_are_one_value() {
    let service = layer().layer(answering(|_| Response::new(body(&[]))));
    let ledger = Ledger::new();
    let _open = ledger.open();
    let invented = (0..50).map(|n| format!("STEAL{n}"));
    // Methods are case-sensitive, so this is another one.
    let methods: Vec<_> = invented.chain(["get".to_owned()]).collect();
    for method in &methods {
        let response = service.clone().oneshot(request(method, "/")).await.unwrap();
        read_all(response.into_body()).await;
    }
    ledger.assert_all(&vec![
        ("_OTHER", "unmatched", 200, "completed");
        methods.len()
    ]);
}

#[tokio::test]
async fn a_flood_of_unknown_paths_makes_no_series() {
    let mut app: Router = Router::new()
        .route("/flooded", routing::get(|| async { "here" }))
        .layer(layer());
    let ledger = Ledger::new();
    let _open = ledger.open();
    for n in 0..10_000 {
        let request = Request::get(format!("/{n}/{n}")).body(Body::empty());
        let response = app.call(request.unwrap()).await.unwrap();
        read_all(response.into_body()).await;
    }
    ledger.assert_all(&vec![("GET", "unmatched", 404, "completed"); 10_000]);
}

#[test]
fn every_registered_code_has_its_name_and_any_other_its_class() {
    for code in 0..=1000 {
        let label = Status::of(code).as_str();
        let expected = match code {
            100..=599 if label == code.to_string() => continue,
            100..=599 => format!("{}xx", code / 100),
            _ => "_OTHER".to_owned(),
        };
        assert_eq!(label, expected, "{code}");
    }
    // The codes that http has a reason phrase for are the registered ones.
    for code in 100..=599 {
        let code = http::StatusCode::from_u16(code).unwrap();
        if code.canonical_reason().is_some() {
            assert_eq!(Status::of(code.as_u16()).as_str(), code.as_str());
        }
    }
}

#[tokio::test]
async fn another_routers_template_is_asked_for() {
    let layer = layer().route(|request| {
        if request.uri.path().starts_with("/people/") {
            Route::of("/people/:name")
        } else {
            Route::unmatched()
        }
    });
    let service = layer.layer(answering(|_| Response::new(body(&[]))));
    let ledger = Ledger::new();
    let _open = ledger.open();
    for path in ["/people/ada", "/people/grace", "/cats/tom"] {
        let response = service.clone().oneshot(get(path)).await.unwrap();
        read_all(response.into_body()).await;
    }
    ledger.assert_all(&[
        ("GET", "/people/:name", 200, "completed"),
        ("GET", "/people/:name", 200, "completed"),
        ("GET", "unmatched", 200, "completed"),
    ]);
}

#[tokio::test]
async fn a_services_own_route_label_has_room_for_its_routes_and_for_what_matched_none() {
    let app = Router::new()
        .route("/small/a", routing::get(|| async {}))
        .route("/small/b", routing::get(|| async {}))
        .route("/small/c", routing::get(|| async {}))
        .layer(ServerLayer::new().total(names::names_small_total));
    let ledger = Ledger::new();
    let _open = ledger.open();
    for path in ["/small/a", "/small/b", "/nowhere", "/small/c"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        read_all(app.clone().oneshot(request).await.unwrap().into_body()).await;
    }
    let mut read = ledger.read();
    read.retain(|series, _| series.starts_with("names_"));
    let expected = ["/small/a", "/small/b", "__overflow__", "unmatched"];
    let expected = expected.map(|route| (format!("names_small_total{{route={route}}}"), 1.0));
    assert_eq!(read, expected.into());
}
