//! A recorder that is installed after the layer, and in the middle of a request.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use throughline_catalog::catalog;
use throughline_http::{ServerLayer, Status};
use tower::{Layer, Service, ServiceExt};

catalog! { mod late, budget 100;
    /// Requests served.
    counter late_requests_total { status: Status };
    /// Requests being served.
    gauge late_requests_in_flight {};
}

#[tokio::test]
async fn a_late_recorder_gets_what_begins_under_it() {
    let mut service = ServerLayer::new()
        .total(late::late_requests_total)
        .in_flight(late::late_requests_in_flight)
        .layer(tower::service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("hello"))))
        }));
    let before = service.call(Request::new(()));

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let after = service.oneshot(Request::new(())).await.unwrap();
    after.into_body().collect().await.unwrap();
    // It was not raised here, so it is not lowered here.
    before.await.unwrap().into_body().collect().await.unwrap();

    let mut seen: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| (key.key().to_string(), value))
        .collect();
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        seen,
        [
            (
                "Key(late_requests_in_flight)".to_owned(),
                DebugValue::Gauge(0.0.into())
            ),
            (
                "Key(late_requests_total, [status = 200])".to_owned(),
                DebugValue::Counter(1)
            ),
        ]
    );
}
