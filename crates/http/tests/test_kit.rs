//! The kit against a router with our layer, and against layers that each have real faults.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::{Router, body::Body, routing::get};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response};
use throughline_catalog::catalog;
use throughline_http::{
    Method, Outcome, Route, ServerLayer, Status, presets,
    test_kit::{Check, Report, TestKit},
};
use tower::{Layer, Service};
use tower_http::catch_panic::CatchPanicLayer;

catalog! { mod kit, budget 3_000_000;
    /// Requests served.
    counter kit_requests_total { method: Method, route: Route, status: Status, outcome: Outcome };
    /// Requests being served.
    gauge kit_requests_in_flight { method: Method, route: Route };
}

fn routes() -> Router {
    let streamed = async || {
        let chunks = stream::repeat(Bytes::from_static(b"chunk")).take(3);
        Body::from_stream(chunks.map(Ok::<_, Infallible>))
    };
    // Without the hook, whose output would bury the tests'.
    let panics = async || -> &str { std::panic::resume_unwind(Box::new("scripted")) };
    Router::new()
        .route("/items/{id}", get(async || "item"))
        .route("/slow", get(std::future::pending::<&str>))
        .route("/stream", get(streamed))
        .route("/panics", get(panics))
}

fn ours() -> Router {
    let layer = ServerLayer::new()
        .total(kit::kit_requests_total)
        .in_flight(kit::kit_requests_in_flight);
    routes().layer(layer)
}

/// Every check of what counts in these two.
fn all<M: FnOnce() -> S, S>(make: M, total: &str, in_flight: &str) -> TestKit<M, fn() -> Body> {
    TestKit::new(make, Body::empty as fn() -> Body, total)
        .in_flight(in_flight)
        .good_path("/items/7")
        .slow_path("/slow")
        .streaming_path("/stream")
        .panicking_path("/panics")
}

/// The checks with a finding, each once.
fn found(report: &Report) -> Vec<Check> {
    let mut checks: Vec<_> = report
        .findings()
        .iter()
        .map(|finding| finding.check())
        .collect();
    checks.dedup();
    checks
}

#[tokio::test]
async fn our_layer_is_clean() {
    let kit = all(ours, "kit_requests_total", "kit_requests_in_flight");
    kit.outcome("outcome").run().await.assert_complete();
    let caught = || ours().layer(CatchPanicLayer::new());
    let kit = all(caught, "kit_requests_total", "kit_requests_in_flight");
    kit.outcome("outcome").run().await.assert_complete();
}

#[tokio::test]
async fn the_conventions_histogram_stands_for_a_total() {
    let app = || routes().layer(presets::otel());
    let (total, in_flight) = (
        "http_server_request_duration_seconds",
        "http_server_active_requests",
    );
    all(app, total, in_flight).run().await.assert_complete();
}

#[tokio::test]
async fn what_is_not_given_is_skipped_and_said() {
    let report = TestKit::new(ours, Body::empty, "kit_requests_total")
        .good_path("/items/7")
        .run()
        .await;
    report.assert_clean();
    let skipped: Vec<_> = report.skipped().iter().map(|(check, _)| *check).collect();
    assert_eq!(skipped, [Check::CancelBeforeHead, Check::Panic]);
}

#[tokio::test]
async fn a_wrong_name_is_found() {
    let report = all(ours, "kit_request_total", "kit_requests_in_flight")
        .run()
        .await;
    let first = &report.findings()[0];
    assert_eq!(first.check(), Check::Plain);
    assert_eq!(first.counted(), "nothing under the name kit_request_total");
}

/// What a naive layer does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Counts when the head has come and lowers the gauge there, and never if it does not come.
    HeadOnly,
    /// As `HeadOnly`, but a guard keeps the gauge right.
    UncountedDrop,
    RawPath,
    RawMethod,
    RawHost,
}

#[derive(Clone, Debug)]
struct Naive<S> {
    inner: S,
    fault: Fault,
}

struct Lower;

impl Drop for Lower {
    fn drop(&mut self) {
        metrics::gauge!("naive_in_flight").decrement(1.0);
    }
}

impl<S> Service<Request<Body>> for Naive<S>
where
    S: Service<
            Request<Body>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Send + 'static,
        >,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let label = match self.fault {
            Fault::RawPath => request.uri().path().to_owned(),
            Fault::RawMethod => request.method().to_string(),
            Fault::RawHost => {
                let host = request.headers().get("host");
                host.map_or_else(String::new, |host| host.to_str().unwrap().to_owned())
            }
            Fault::HeadOnly | Fault::UncountedDrop => String::new(),
        };
        let fault = self.fault;
        let asked = self.inner.call(request);
        metrics::gauge!("naive_in_flight").increment(1.0);
        Box::pin(async move {
            let guard = (fault != Fault::HeadOnly).then(|| Lower);
            let response = asked.await;
            metrics::counter!("naive_total", "label" => label).increment(1);
            if guard.is_none() {
                drop(Lower);
            }
            response
        })
    }
}

async fn naive(fault: Fault) -> Report {
    let layer = tower::layer::layer_fn(move |inner| Naive { inner, fault });
    all(
        move || layer.layer(routes()),
        "naive_total",
        "naive_in_flight",
    )
    .run()
    .await
}

#[tokio::test]
async fn a_layer_that_looks_at_the_head_alone_is_found_out() {
    let report = naive(Fault::HeadOnly).await;
    let seen = [Check::CancelBeforeHead, Check::Stream, Check::Panic];
    assert_eq!(found(&report), seen, "{report}");
    let told: Vec<_> = report.findings().iter().map(ToString::to_string).collect();
    let expected = [
        "cancelled before the head: sent GET /slow, dropped before its answer; \
         counted 0 ended and 1 in flight; expected 1 ended and 0 in flight",
        "stream: sent GET /stream, with its head come and its body to be read; \
         counted 1 ended and 0 in flight; expected 0 ended and 1 in flight",
        "panic: sent GET /panics, which panics; \
         counted 0 ended and 1 in flight; expected 1 ended and 0 in flight",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_gauge_that_is_right_hides_no_request_that_is_not_counted() {
    let report = naive(Fault::UncountedDrop).await;
    let cancelled = &report.findings()[0];
    assert_eq!(cancelled.check(), Check::CancelBeforeHead);
    assert_eq!(cancelled.counted(), "0 ended and 0 in flight");
    assert_eq!(cancelled.expected(), "1 ended and 0 in flight");
}

#[tokio::test]
async fn labels_that_a_client_makes_are_found_out() {
    for (fault, check, example) in [
        (
            Fault::RawPath,
            Check::Paths,
            "500 series more, such as naive_total{label=/kit-invents/0}",
        ),
        (
            Fault::RawMethod,
            Check::Methods,
            "100 series more, such as naive_total{label=KITINVENTS0}",
        ),
        (
            Fault::RawHost,
            Check::Hosts,
            "200 series more, such as naive_total{label=first.kit.invalid}",
        ),
    ] {
        let report = naive(fault).await;
        let labels = [Check::Paths, Check::Methods, Check::Hosts];
        let findings: Vec<_> = report
            .findings()
            .iter()
            .filter(|finding| labels.contains(&finding.check()))
            .collect();
        let [finding] = findings[..] else {
            panic!("{fault:?}: {report}")
        };
        assert_eq!(finding.check(), check);
        assert_eq!(finding.counted(), example);
    }
}

catalog! { mod told, budget 1_000_000;
    /// By status alone.
    counter told_requests_total { route: Route, outcome: Status };
}

#[tokio::test]
async fn endings_that_are_not_told_apart_are_found_out() {
    let app = || routes().layer(ServerLayer::new().total(told::told_requests_total));
    let report = TestKit::new(app, Body::empty, "told_requests_total")
        .outcome("outcome")
        .good_path("/items/7")
        .run()
        .await;
    assert_eq!(found(&report), [Check::CancelInBody], "{report}");
    assert_eq!(report.findings()[0].counted(), "outcome=200");
}
