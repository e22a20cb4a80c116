//! A recorder that is installed when everything stands and has served already. In a process of its
//! own, which has none at first.

mod ledger;

use std::convert::Infallible;

use axum::{Router, body::Body, routing::get};
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use ledger::Ledger;
use throughline_catalog::{catalog, label};
use throughline_correlation::RequestIdLayer;
use throughline_http::{ClientLayer, Outcome, Route, ServerLayer, Status, Target};
use throughline_job::stage;
use tower::{Layer, ServiceExt};

label! { enum Stage { Ask = "ask" } }

catalog! { mod late, budget 1_000_000;
    /// Requests served.
    counter late_requests_total { route: Route, status: Status, outcome: Outcome };
    /// Time to the end of the response.
    histogram late_request_duration_seconds { route: Route } buckets [1.0];
    /// Requests being served.
    gauge late_requests_in_flight { route: Route };
    /// Requests made.
    counter late_client_requests_total { target: Target, status: Status, outcome: Outcome };
    /// Time in a stage.
    histogram late_stage_duration_seconds { stage: Stage } buckets [1.0];
}

/// A handler that calls on within a stage.
async fn asks() -> StatusCode {
    let client = ClientLayer::new()
        .target("stock")
        .total(late::late_client_requests_total);
    let stock = client.layer(tower::service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::from("7")))
    }));
    let asked = stage(late::late_stage_duration_seconds, Stage::Ask, async {
        let answer = stock.oneshot(Request::new(Body::empty())).await?;
        Ok::<_, Infallible>(answer.into_body().collect().await)
    });
    match asked.await {
        Ok(Ok(_)) => StatusCode::OK,
        _ => StatusCode::BAD_GATEWAY,
    }
}

fn app() -> Router {
    let endless = async || Body::from_stream(stream::pending::<Result<&str, Infallible>>());
    Router::new()
        .route("/asks", get(asks))
        .route("/endless", get(endless))
        .layer(
            ServerLayer::new()
                .total(late::late_requests_total)
                .duration(late::late_request_duration_seconds)
                .in_flight(late::late_requests_in_flight),
        )
        .layer(RequestIdLayer::new())
}

/// A request whose id is not to be had: that is counted as well.
fn request(path: &str) -> Request<Body> {
    let request = Request::get(path).header("x-request-id", "not an id");
    request.body(Body::empty()).expect("it is one")
}

async fn ask(app: &Router, path: &str) -> Body {
    let answer = app.clone().oneshot(request(path)).await;
    let answer = answer.expect("a router cannot fail");
    assert_eq!(answer.status(), 200);
    answer.into_body()
}

#[tokio::test]
async fn every_crate_counts_in_a_recorder_that_comes_late() {
    let app = app();
    let _ = ask(&app, "/asks").await.collect().await;
    let begun_before = ask(&app, "/endless").await;

    let ledger = Ledger::default();
    metrics::set_global_recorder(ledger.clone()).expect("this process has no other");
    for _ in 0..3 {
        let _ = ask(&app, "/asks").await.collect().await;
    }
    let begun_after = ask(&app, "/endless").await;
    // It was not raised in this recorder, so it is not lowered in it.
    drop(begun_before);
    let in_flight = ledger.gauges("late_requests_in_flight");
    assert_eq!(in_flight["route=/asks"], 0.0);
    assert_eq!(in_flight["route=/endless"], 1.0);
    drop(begun_after);
    assert_eq!(
        ledger.gauges("late_requests_in_flight")["route=/endless"],
        0.0
    );

    let totals = ledger.counters("late_requests_total");
    assert_eq!(totals["route=/asks,status=200,outcome=completed"], 3);
    // The one that had begun under no recorder is counted in none, or its gauge would not agree.
    assert_eq!(totals["route=/endless,status=200,outcome=cancelled"], 1);
    assert_eq!(totals.len(), 2, "{totals:?}");
    let durations = ledger.samples("late_request_duration_seconds");
    assert_eq!(
        (durations["route=/asks"], durations["route=/endless"]),
        (3, 1)
    );
    let calls = ledger.counters("late_client_requests_total");
    assert_eq!(calls["target=stock,status=200,outcome=completed"], 3);
    assert_eq!(
        ledger.samples("late_stage_duration_seconds")["stage=ask"],
        3
    );
    let refused = ledger.counters("throughline_ids_rejected_total");
    assert_eq!(refused["kind=request_id,reason=bad_character"], 4);
}
