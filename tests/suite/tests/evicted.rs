//! The exporter that forgets idle series, under a router: what comes after is seen. In a process of
//! its own, because the setting is the process's.

use std::convert::Infallible;
use std::thread;
use std::time::{Duration, Instant};

use axum::{Router, body::Body, routing::get};
use futures_util::stream;
use http::Request;
use http_body_util::BodyExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use throughline_catalog::{catalog, refresh_handles};
use throughline_http::{Outcome, Route, ServerLayer, Status};
use tower::ServiceExt;

catalog! { mod evicted, budget 1_000_000;
    /// Requests served.
    counter evicted_requests_total { route: Route, status: Status, outcome: Outcome };
    /// Time to the end of the response.
    histogram evicted_request_duration_seconds { route: Route } buckets [60.0];
    /// Requests being served.
    gauge evicted_requests_in_flight { route: Route };
}

fn app() -> Router {
    let endless = async || Body::from_stream(stream::pending::<Result<&str, Infallible>>());
    Router::new()
        .route("/short", get(async || "short"))
        .route("/endless", get(endless))
        .layer(
            ServerLayer::new()
                .total(evicted::evicted_requests_total)
                .duration(evicted::evicted_request_duration_seconds)
                .in_flight(evicted::evicted_requests_in_flight),
        )
}

async fn ask(app: &Router, path: &str) -> Body {
    let request = Request::get(path).body(Body::empty()).expect("it is one");
    let answer = app.clone().oneshot(request).await;
    answer.expect("a router cannot fail").into_body()
}

/// Renders until none of our series is on the page: the exporter looks at its clock only then.
#[track_caller]
fn wait_for_eviction(page: &PrometheusHandle) {
    let begun = Instant::now();
    while page
        .render()
        .lines()
        .any(|line| line.starts_with("evicted_"))
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "not evicted");
        thread::yield_now();
    }
}

#[track_caller]
fn assert_shows(page: &PrometheusHandle, lines: &[&str]) {
    let page = page.render();
    for line in lines {
        assert!(page.lines().any(|own| own == *line), "no {line} in\n{page}");
    }
}

#[tokio::test]
async fn a_request_after_the_eviction_lands() {
    // Far below the time-out.
    refresh_handles(Duration::from_micros(100)).expect("nothing was recorded before");
    let page = PrometheusBuilder::new()
        .idle_timeout(MetricKindMask::ALL, Some(Duration::from_millis(20)))
        .set_buckets(&[60.0])
        .expect("there is one")
        .install_recorder()
        .expect("this process has no other");
    let app = app();
    let short = "evicted_requests_total{route=\"/short\",status=\"200\",outcome=\"completed\"}";
    for _ in 0..3 {
        let _ = ask(&app, "/short").await.collect().await;
    }
    let long = ask(&app, "/endless").await;
    assert_shows(
        &page,
        &[
            &format!("{short} 3"),
            "evicted_request_duration_seconds_count{route=\"/short\"} 3",
            "evicted_requests_in_flight{route=\"/short\"} 0",
            "evicted_requests_in_flight{route=\"/endless\"} 1",
        ],
    );
    for _ in 0..2 {
        wait_for_eviction(&page);
        let _ = ask(&app, "/short").await.collect().await;
        // A short one on the long one's route: the gauge still knows of the long one.
        drop(ask(&app, "/endless").await);
        assert_shows(
            &page,
            &[
                &format!("{short} 1"),
                "evicted_request_duration_seconds_bucket{route=\"/short\",le=\"60\"} 1",
                "evicted_request_duration_seconds_count{route=\"/short\"} 1",
                "evicted_requests_in_flight{route=\"/short\"} 0",
                "evicted_requests_in_flight{route=\"/endless\"} 1",
            ],
        );
    }
    wait_for_eviction(&page);
    // The first that happens is the end of the long one, by the handle that it began with.
    drop(long);
    assert_shows(
        &page,
        &[
            "evicted_requests_total{route=\"/endless\",status=\"200\",outcome=\"cancelled\"} 1",
            "evicted_requests_in_flight{route=\"/endless\"} 0",
        ],
    );
}
