//! What layers of this kind get wrong, each under a name of its own: most of these fail on two or more
//! of the layers that services use today.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::get,
};
use futures_util::{FutureExt, StreamExt, stream};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use throughline_catalog::catalog;
use throughline_correlation::{RequestId, RequestIdLayer};
use throughline_http::{Outcome, Route, RouteLayer, ServerLayer, Status};
use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

catalog! { mod survey, budget 3_000_000;
    /// Requests served.
    counter survey_requests_total { method: throughline_http::Method, route: Route, status: Status, outcome: Outcome };
    /// Time to the end of the response.
    histogram survey_request_duration_seconds { route: Route } buckets [1.0];
    /// Time to the head of the response.
    histogram survey_headers_duration_seconds { route: Route } buckets [1.0];
    /// Sizes of responses.
    histogram survey_response_size_bytes { route: Route } buckets [1.0];
    /// Requests being served.
    gauge survey_requests_in_flight {};
}

catalog! { mod second, budget 1_000;
    /// Requests served, by another app.
    counter second_requests_total { status: Status };
}

fn layer() -> ServerLayer {
    ServerLayer::new()
        .total(survey::survey_requests_total)
        .duration(survey::survey_request_duration_seconds)
        .time_to_headers(survey::survey_headers_duration_seconds)
        .response_size(survey::survey_response_size_bytes)
        .in_flight(survey::survey_requests_in_flight)
}

/// A recorder for the test's thread.
struct Counted {
    snapshotter: Snapshotter,
    // The recorder has to outlive its use as the thread's own.
    recorder: &'static DebuggingRecorder,
}

impl Counted {
    fn new() -> Self {
        let recorder: &'static DebuggingRecorder = Box::leak(Box::default());
        Self {
            snapshotter: recorder.snapshotter(),
            recorder,
        }
    }

    /// Runs `work` on this thread, under the recorder.
    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        metrics::with_local_recorder(self.recorder, || runtime.block_on(work))
    }

    /// Every series of our families, as `family{labels}`, with its value or its samples.
    fn series(&self) -> BTreeMap<String, Vec<f64>> {
        let all = self.snapshotter.snapshot().into_vec();
        let own = all
            .into_iter()
            .filter(|(key, ..)| !key.key().name().starts_with("throughline_"));
        own.map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> = key
                .labels()
                .map(|l| format!("{}={}", l.key(), l.value()))
                .collect();
            let value = match value {
                DebugValue::Counter(n) => vec![n as f64],
                DebugValue::Gauge(level) => vec![level.into_inner()],
                DebugValue::Histogram(samples) => samples
                    .into_iter()
                    .map(|sample| sample.into_inner())
                    .collect(),
            };
            (format!("{}{{{}}}", key.name(), labels.join(",")), value)
        })
        .collect()
    }

    /// The requests counted, by route, status and outcome; nothing is left in flight.
    #[track_caller]
    fn totals(&self) -> BTreeMap<String, u64> {
        let series = self.series();
        let gauge = &series["survey_requests_in_flight{}"];
        assert_eq!(gauge, &[0.0], "in flight");
        let totals = series.iter().filter_map(|(name, value)| {
            let labels = name
                .strip_prefix("survey_requests_total{")?
                .strip_suffix('}')?;
            Some((labels.to_owned(), value[0] as u64))
        });
        totals.collect()
    }
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

async fn send(app: &Router, request: Request<Body>) -> Response<Bytes> {
    let response = app
        .clone()
        .oneshot(request)
        .await
        .expect("a router cannot fail");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("it is whole").to_bytes();
    Response::from_parts(head, body)
}

async fn three_chunks() -> Body {
    Body::from_stream(stream::iter(0..3).then(|_| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, Infallible>("0123456789")
    }))
}

fn app() -> Router {
    Router::new()
        .route("/ok", get(|| async { "ok" }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route("/stream", get(three_chunks))
        .route("/never", get(std::future::pending::<&str>))
        .route("/panic", get(|| async { panic!("as it must") as &str }))
        .layer(layer())
        .layer(RequestIdLayer::new())
}

#[track_caller]
fn check(counted: &Counted, expected: &[(&str, u64)]) {
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|(labels, n)| ((*labels).to_owned(), *n))
        .collect();
    assert_eq!(counted.totals(), expected);
}

#[test]
fn a_404_flood_of_10_000_paths_makes_no_series() {
    let counted = Counted::new();
    let app = app();
    counted.run(async { send(&app, request("/first")).await });
    let before = counted.series().len();
    counted.run(async {
        for n in 0..10_000 {
            send(&app, request(&format!("/scan/{n}/wp-admin.php?x={n}"))).await;
        }
    });
    assert_eq!(counted.series().len(), before);
}

#[test]
fn fifty_invented_methods_are_one_value() {
    let counted = Counted::new();
    let app = app();
    counted.run(async {
        for n in 0..50 {
            let mut request = request("/ok");
            *request.method_mut() =
                Method::from_bytes(format!("M{n}").as_bytes()).expect("a token");
            send(&app, request).await;
        }
    });
    check(
        &counted,
        &[("method=_OTHER,route=/ok,status=405,outcome=completed", 50)],
    );
}

#[test]
fn a_host_spoofed_1_000_times_makes_no_series() {
    let counted = Counted::new();
    let app = app();
    counted.run(async {
        for n in 0..1_000 {
            let mut request = request("/ok");
            let host = format!("h{n}.example").parse().expect("a value");
            request.headers_mut().insert("host", host);
            send(&app, request).await;
        }
    });
    check(
        &counted,
        &[("method=GET,route=/ok,status=200,outcome=completed", 1_000)],
    );
}

#[test]
fn a_drop_before_the_headers_is_counted_and_the_gauge_is_0() {
    let counted = Counted::new();
    counted.run(async { assert!(app().oneshot(request("/never")).now_or_never().is_none()) });
    check(
        &counted,
        &[("method=GET,route=/never,status=499,outcome=cancelled", 1)],
    );
}

#[test]
fn a_drop_during_the_body_is_counted_and_the_gauge_is_0() {
    let counted = Counted::new();
    counted.run(async {
        let response = app().oneshot(request("/stream")).await.expect("it answers");
        let mut body = response.into_body();
        body.frame().await.expect("a chunk").expect("it is whole");
    });
    check(
        &counted,
        &[("method=GET,route=/stream,status=200,outcome=cancelled", 1)],
    );
}

#[test]
fn a_drop_after_the_end_is_a_completed_request() {
    let counted = Counted::new();
    counted.run(async {
        let response = app().oneshot(request("/stream")).await.expect("it answers");
        let mut body = response.into_body();
        while body.frame().await.is_some() {}
        drop(body);
    });
    check(
        &counted,
        &[("method=GET,route=/stream,status=200,outcome=completed", 1)],
    );
}

#[test]
fn a_panic_is_an_outcome_and_the_gauge_is_0() {
    let counted = Counted::new();
    let app = app().layer(CatchPanicLayer::new());
    counted.run(async {
        let response = send(&app, request("/panic")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    });
    check(
        &counted,
        &[("method=GET,route=/panic,status=500,outcome=panicked", 1)],
    );
}

#[test]
fn head_and_204_are_successes_and_not_aborts() {
    let counted = Counted::new();
    let app = app();
    counted.run(async {
        let mut head = request("/ok");
        *head.method_mut() = Method::HEAD;
        send(&app, head).await;
        send(&app, request("/empty")).await;
    });
    check(
        &counted,
        &[
            ("method=GET,route=/empty,status=204,outcome=completed", 1),
            ("method=HEAD,route=/ok,status=200,outcome=completed", 1),
        ],
    );
}

#[test]
fn a_stream_of_3_chunks_is_one_size_and_its_time_reaches_the_last() {
    let counted = Counted::new();
    let app = app();
    counted.run(async { send(&app, request("/stream")).await });
    let series = counted.series();
    assert_eq!(series["survey_response_size_bytes{route=/stream}"], [30.0]);
    let [total] = series["survey_request_duration_seconds{route=/stream}"][..] else {
        panic!("one sample")
    };
    let [headers] = series["survey_headers_duration_seconds{route=/stream}"][..] else {
        panic!("one sample")
    };
    // Three waits of 50 ms lie between the head and the end.
    assert!(0.150 <= total, "{total}");
    assert!(headers <= total - 0.150, "{headers} of {total}");
}

#[test]
fn an_err_with_a_box_error_compiles_and_counts() {
    let counted = Counted::new();
    counted.run(async {
        let service =
            ServiceBuilder::new()
                .layer(layer())
                .service(service_fn(|_: Request<Body>| async {
                    Err::<Response<Body>, BoxError>("down".into())
                }));
        assert!(service.oneshot(request("/ok")).await.is_err());
    });
    check(
        &counted,
        &[("method=GET,route=unmatched,status=500,outcome=failed", 1)],
    );
}

#[test]
fn two_layers_two_recorders_and_two_prefixes_live_in_one_process() {
    let (first, second) = (Counted::new(), Counted::new());
    let other = Router::new()
        .route("/other", get(|| async { "other" }))
        .layer(ServerLayer::new().total(second::second_requests_total));
    first.run(async { send(&app(), request("/ok")).await });
    second.run(async { send(&other, request("/other")).await });
    check(
        &first,
        &[("method=GET,route=/ok,status=200,outcome=completed", 1)],
    );
    let series = second.series();
    let names: Vec<_> = series.keys().map(String::as_str).collect();
    assert_eq!(names, ["second_requests_total{status=200}"]);
}

#[test]
fn behind_nest_service_the_route_is_the_real_one() {
    let counted = Counted::new();
    let inner = Router::new()
        .route("/items/{id}", get(|| async { "item" }))
        .layer(layer());
    let app = Router::new().nest_service("/shop", inner);
    counted.run(async { send(&app, request("/shop/items/7")).await });
    check(
        &counted,
        &[(
            "method=GET,route=/shop/items/{id},status=200,outcome=completed",
            1,
        )],
    );
}

#[test]
fn around_the_router_the_route_is_the_real_one() {
    let counted = Counted::new();
    let router = Router::new()
        .route("/items/{id}", get(|| async { "item" }))
        .route_layer(RouteLayer::new());
    counted.run(async {
        let service = ServiceBuilder::new().layer(layer().late()).service(router);
        let response = service
            .oneshot(request("/items/7"))
            .await
            .expect("it answers");
        response.into_body().collect().await.expect("it is whole");
    });
    check(
        &counted,
        &[(
            "method=GET,route=/items/{id},status=200,outcome=completed",
            1,
        )],
    );
}

#[test]
fn an_empty_request_id_and_one_of_6_000_characters_are_replaced() {
    let app = app();
    for sent in [String::new(), "a".repeat(6_000)] {
        let mut request = request("/ok");
        request
            .headers_mut()
            .insert("x-request-id", sent.parse().expect("a value"));
        let response = Counted::new().run(async { send(&app, request).await });
        let told = &response.headers()["x-request-id"];
        assert_ne!(told, sent.as_str());
        assert!(RequestId::parse(told).is_ok());
    }
}

#[test]
fn an_id_is_on_the_response_of_an_error() {
    let app = app();
    for path in ["/missing", "/ok"] {
        let mut request = request(path);
        *request.method_mut() = Method::DELETE;
        let response = Counted::new().run(async { send(&app, request).await });
        assert!(response.status().is_client_error());
        assert!(response.headers().contains_key("x-request-id"), "{path}");
    }
}
