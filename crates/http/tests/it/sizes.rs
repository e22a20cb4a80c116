//! The sizes of bodies: one sample a request, at its end or drop.

use axum::{Router, body::Body, routing};
use futures_util::{FutureExt, stream};
use http::{Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use throughline_catalog::catalog;
use throughline_http::{Method, Outcome, RequestBodyLayer, ServerLayer};
use tower::{Layer, Service, ServiceExt};

use crate::{
    ledger::Ledger,
    script::{Step, answering, body, doing, get, read_all, request, silent_panic},
};

catalog! { mod sizes, budget 1_000;
    /// Sizes of the requests' bodies.
    histogram sizes_request_bytes { method: Method } buckets [10.0];
    /// Sizes of the responses' bodies.
    histogram sizes_response_bytes { how: Outcome } buckets [10.0];
}

fn layer() -> ServerLayer {
    ServerLayer::new()
        .request_size(sizes::sizes_request_bytes)
        .response_size(sizes::sizes_response_bytes)
}

#[track_caller]
fn assert_responses(ledger: &Ledger, how: &str, expected: &[f64]) {
    let samples = ledger.samples();
    let series = format!("sizes_response_bytes{{how={how}}}");
    assert_eq!(samples[&series], expected);
    assert_eq!(
        samples
            .keys()
            .filter(|s| s.starts_with("sizes_resp"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_stream_of_three_chunks_is_one_sample_of_their_sum() {
    let app = Router::new()
        .route(
            "/stream",
            routing::get(|| async {
                let chunks = ["0123456789"; 3].map(Ok::<_, std::io::Error>);
                Body::from_stream(stream::iter(chunks))
            }),
        )
        .layer(layer());
    let ledger = Ledger::new();
    let _open = ledger.open();
    let request = Request::get("/stream").body(Body::empty()).unwrap();
    read_all(app.oneshot(request).await.unwrap().into_body()).await;
    assert_responses(&ledger, "completed", &[30.0]);
}

#[tokio::test]
async fn what_is_not_sent_is_a_sample_of_zero() {
    // HEAD and 304 end at their head whatever body there is; trailers are no part of the body.
    for (method, status, steps) in [
        ("HEAD", 200, &[Step::Data][..]),
        ("GET", 304, &[Step::Data]),
        ("GET", 200, &[]),
        ("GET", 200, &[Step::Trailers]),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let service = layer().layer(answering(move |_| {
            let mut response = Response::new(body(steps));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        }));
        let response = service.oneshot(request(method, "/")).await.unwrap();
        read_all(response.into_body()).await;
        assert_responses(&ledger, "completed", &[0.0]);
    }
}

#[tokio::test]
async fn however_it_ends_what_was_given_out_is_counted() {
    for (steps, how) in [
        (&[Step::Data, Step::Data, Step::Fail][..], "failed"),
        (&[Step::Data, Step::Data, Step::Panic], "panicked"),
        (&[Step::Data, Step::Data, Step::Wait], "cancelled"),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let service = layer().layer(answering(move |_| Response::new(body(steps))));
        let mut body = service.oneshot(get("/")).await.unwrap().into_body();
        for _ in 0..3 {
            let frame = std::panic::AssertUnwindSafe(body.frame());
            let _ = frame.catch_unwind().now_or_never();
        }
        drop(body);
        assert_responses(&ledger, how, &[10.0]);
    }
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(doing(|| async {
        silent_panic::<Result<_, std::convert::Infallible>>()
    }));
    let future = std::panic::AssertUnwindSafe(service.oneshot(get("/")));
    assert!(future.catch_unwind().await.is_err());
    assert_responses(&ledger, "panicked", &[0.0]);
}

#[tokio::test]
async fn a_request_is_as_large_as_it_declares_or_has_no_sample() {
    let huge = u64::MAX.to_string() + "0";
    for (headers, version, expected) in [
        (&[("content-length", "5")][..], Version::HTTP_11, Some(5.0)),
        (&[("content-length", "0")], Version::HTTP_2, Some(0.0)),
        (&[], Version::HTTP_11, Some(0.0)),
        (&[], Version::HTTP_10, Some(0.0)),
        (&[], Version::HTTP_2, None),
        (&[("transfer-encoding", "chunked")], Version::HTTP_11, None),
        (&[("content-length", "-5")], Version::HTTP_11, None),
        (&[("content-length", "+5")], Version::HTTP_11, None),
        (&[("content-length", "")], Version::HTTP_11, None),
        (&[("content-length", "5, 5")], Version::HTTP_11, None),
        (&[("content-length", &huge)], Version::HTTP_11, None),
        (
            &[("content-length", "5"), ("content-length", "6")],
            Version::HTTP_11,
            None,
        ),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let mut request = request("POST", "/");
        *request.version_mut() = version;
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let service = layer().layer(answering(|_| Response::new(body(&[]))));
        read_all(service.oneshot(request).await.unwrap().into_body()).await;
        let samples = ledger.samples();
        let sample = samples.get("sizes_request_bytes{method=POST}");
        assert_eq!(
            sample,
            expected.map(|size| vec![size]).as_ref(),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn what_is_read_of_a_request_is_counted_where_it_is_asked_for() {
    let app = Router::new()
        .route("/all", routing::post(async |body: String| body))
        .route("/none", routing::post(async || "unread"))
        // Twice, as in a nested router: the bytes are the same.
        .layer(RequestBodyLayer::new())
        .layer(RequestBodyLayer::new())
        .layer(layer().late());
    for (path, version, expected) in [
        ("/all", Version::HTTP_11, 10.0),
        ("/all", Version::HTTP_2, 10.0),
        ("/none", Version::HTTP_2, 0.0),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let chunks = ["01234", "56789"].map(Ok::<_, std::io::Error>);
        let mut request = Request::post(path)
            .header("transfer-encoding", "chunked")
            .body(Body::from_stream(stream::iter(chunks)))
            .unwrap();
        *request.version_mut() = version;
        read_all(app.clone().oneshot(request).await.unwrap().into_body()).await;
        let samples = ledger.samples();
        assert_eq!(samples["sizes_request_bytes{method=POST}"], [expected]);
    }
}

#[tokio::test]
async fn a_counted_request_body_is_the_same_body() {
    use http_body::Body as _;
    use throughline_http::CountedBody;

    let mut service = RequestBodyLayer::new().layer(tower::service_fn(
        async |request: Request<CountedBody<String>>| {
            let body = request.into_body();
            assert_eq!(body.size_hint().exact(), Some(6));
            assert!(!body.is_end_stream());
            // It does not show what is in it.
            assert!(!format!("{body:?}").contains("secret"));
            Ok::<_, std::convert::Infallible>(body.collect().await.unwrap().to_bytes())
        },
    ));
    let request = Request::new("secret".to_owned());
    assert_eq!(service.call(request).await.unwrap(), "secret");
    assert!(CountedBody::<String>::default().is_end_stream());
}
