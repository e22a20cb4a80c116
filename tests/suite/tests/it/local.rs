//! Two recorders of two tasks on one thread, and one router: each sees its own.

use std::future::poll_fn;
use std::pin::pin;

use axum::{Router, body::Body, routing::get};
use futures_util::{FutureExt, future::join};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use throughline_catalog::catalog;
use throughline_correlation::RequestIdLayer;
use throughline_http::{Outcome, Route, ServerLayer, Status};
use tokio::task::yield_now;
use tower::ServiceExt;

use crate::ledger::Ledger;

catalog! { mod local, budget 1_000_000;
    /// Requests served.
    counter local_requests_total { route: Route, status: Status, outcome: Outcome };
    /// Time to the end of the response.
    histogram local_request_duration_seconds { route: Route } buckets [1.0];
    /// Requests being served.
    gauge local_requests_in_flight { route: Route };
}

fn app() -> Router {
    let slow = async || {
        yield_now().await;
        StatusCode::ACCEPTED
    };
    Router::new()
        .route("/slow", get(slow))
        .layer(
            ServerLayer::new()
                .total(local::local_requests_total)
                .duration(local::local_request_duration_seconds)
                .in_flight(local::local_requests_in_flight),
        )
        .layer(RequestIdLayer::new())
}

fn request() -> Request<Body> {
    let request = Request::get("/slow").header("x-request-id", "");
    request.body(Body::empty()).expect("it is one")
}

/// So many requests, and one whose client leaves, in a recorder of their own.
async fn under(ledger: &Ledger, app: Router, requests: u64) {
    let mut asking = pin!(async {
        for _ in 0..requests {
            let answer = app.clone().oneshot(request()).await;
            let body = answer.expect("a router cannot fail").into_body();
            body.collect().await.expect("it is whole");
        }
        assert!(app.clone().oneshot(request()).now_or_never().is_none());
    });
    poll_fn(|cx| metrics::with_local_recorder(ledger, || asking.as_mut().poll(cx))).await;
}

#[tokio::test]
async fn each_recorder_sees_its_own() {
    let (one, other) = (Ledger::default(), Ledger::default());
    let app = app();
    // Their requests take turns on this thread.
    join(under(&one, app.clone(), 3), under(&other, app, 5)).await;
    for (ledger, requests) in [(one, 3), (other, 5)] {
        let totals = ledger.counters("local_requests_total");
        assert_eq!(totals["route=/slow,status=202,outcome=completed"], requests);
        assert_eq!(totals["route=/slow,status=499,outcome=cancelled"], 1);
        assert_eq!(totals.len(), 2, "{totals:?}");
        let durations = ledger.samples("local_request_duration_seconds");
        assert_eq!(durations["route=/slow"], requests + 1);
        assert_eq!(
            ledger.gauges("local_requests_in_flight")["route=/slow"],
            0.0
        );
        let refused = ledger.counters("throughline_ids_rejected_total");
        assert_eq!(refused["kind=request_id,reason=empty"], requests + 1);
    }
}
