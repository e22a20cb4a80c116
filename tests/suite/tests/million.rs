//! A million requests from clients that invent everything they can: no series comes of it, and no
//! memory stays behind. In a process of its own, whose memory nothing else moves.
//!
//! `THROUGHLINE_SEED` repeats a run; `THROUGHLINE_MILLION_REQUESTS` changes its size.

#![cfg(target_os = "linux")]

mod ledger;
mod scale;

use std::time::Instant;

use axum::{Router, body::Body, routing};
use futures_util::FutureExt;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use ledger::Ledger;
use throughline_catalog::catalog;
use throughline_correlation::RequestIdLayer;
use throughline_http::{Method as MethodLabel, Outcome, Route, ServerLayer, Status};
use tower::ServiceExt;

catalog! { mod hostile, budget 1_000_000;
    /// Requests served.
    counter hostile_requests_total { route: Route, status: Status, outcome: Outcome };
    /// Time to the end of the response.
    histogram hostile_request_duration_seconds { method: MethodLabel, route: Route }
        buckets [0.01, 1.0];
    /// Requests being served.
    gauge hostile_requests_in_flight { method: MethodLabel, route: Route };
}

const PATHS: [&str; 4] = ["/items/", "/nowhere/", "/stream/", "/waits/"];
const METHODS: [&str; 12] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
    // In the place of these two the client invents one.
    "X", "get",
];
const HEADERS: [&str; 9] = [
    "host",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
    "traceparent",
    "tracestate",
    "baggage",
    "user-agent",
];

fn app() -> Router {
    Router::new()
        .route("/items/{id}", routing::any(async || "item"))
        .route(
            "/stream/{id}",
            routing::any(async || StatusCode::NOT_IMPLEMENTED),
        )
        .route(
            "/waits/{id}",
            routing::any(std::future::pending::<StatusCode>),
        )
        .layer(
            ServerLayer::new()
                .trace()
                .total(hostile::hostile_requests_total)
                .duration(hostile::hostile_request_duration_seconds)
                .in_flight(hostile::hostile_requests_in_flight),
        )
        .layer(RequestIdLayer::new())
}

/// Letters that are allowed in a path, a method and a header alike.
fn invented(rng: &mut fastrand::Rng, most: usize) -> String {
    let length = rng.usize(1..=most);
    (0..length).map(|_| rng.alphanumeric()).collect()
}

/// Request `n`: every path with every method in turn, and all else at random.
fn request(rng: &mut fastrand::Rng, n: usize) -> Request<Body> {
    let path = PATHS[n % PATHS.len()];
    let method = METHODS[n / PATHS.len() % METHODS.len()];
    let method = match method {
        "X" | "get" => format!("{method}{}", invented(rng, 30)),
        known => known.to_owned(),
    };
    let uri = format!("{path}{n}-{}?{}", invented(rng, 500), invented(rng, 50));
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("it is a token");
    *request.uri_mut() = uri.parse().expect("it is a path");
    for name in HEADERS {
        let value = format!("{n}.{}", invented(rng, 100));
        let value = value.parse().expect("it is plain");
        request.headers_mut().insert(name, value);
    }
    request
}

#[tokio::test]
async fn nothing_that_a_client_invents_stays() {
    let requests = scale::count("THROUGHLINE_MILLION_REQUESTS", 1_000_000);
    assert!(10_000 < requests, "too few to compare with");
    let mut rng = fastrand::Rng::with_seed(scale::seed());
    let ledger = Ledger::default();
    metrics::set_global_recorder(ledger.clone()).expect("this process has no other");
    let app = app();
    let started = Instant::now();
    let (mut series, mut memory) = (0, 0);
    for n in 0..requests {
        match n {
            1_000 => series = ledger.series(),
            10_000 => memory = scale::resident(),
            _ => {}
        }
        let request = request(&mut rng, n);
        let waits = request.uri().path().starts_with("/waits/");
        let mut answer = Box::pin(app.clone().oneshot(request));
        if waits {
            // And the client leaves.
            assert!((&mut answer).now_or_never().is_none());
        } else {
            let body = answer.await.expect("a router cannot fail").into_body();
            body.collect().await.expect("it is whole");
        }
    }
    let took = started.elapsed();
    let grown = scale::resident().saturating_sub(memory);
    println!(
        "{requests} requests in {took:.1?}: {series} series after 1000 and {} after all; \
         {} kB resident after 10000, and {} kB more after all",
        ledger.series(),
        memory / 1024,
        grown / 1024,
    );
    assert!(0 < series);
    assert_eq!(ledger.series(), series);
    assert!(grown <= 2 << 20, "{grown} bytes more");
    let counted = ledger.counters("hostile_requests_total");
    assert_eq!(
        counted.values().sum::<u64>(),
        requests as u64,
        "{counted:?}"
    );
    let waited = &counted["route=/waits/{id},status=499,outcome=cancelled"];
    assert_eq!(*waited, (requests / PATHS.len()) as u64);
    let sampled = ledger.samples("hostile_request_duration_seconds");
    assert_eq!(sampled.values().sum::<u64>(), requests as u64);
    let in_flight = ledger.gauges("hostile_requests_in_flight");
    assert!(
        in_flight.values().all(|level| *level == 0.0),
        "{in_flight:?}"
    );
}
