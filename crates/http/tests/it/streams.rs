//! Streams, their durations, and the time to the headers.

use http::{Response, StatusCode};
use http_body_util::BodyExt;
use throughline_catalog::catalog;
use throughline_http::{Method, Outcome, ServerLayer, Status, Streams};
use tower::{Layer, ServiceExt};

use crate::{
    ledger::Ledger,
    script::{Step, answering, body, doing, get, request},
};

catalog! { mod streams, budget 10_000;
    /// Every request.
    counter streams_requests_total { how: Outcome };
    /// Time of responses.
    histogram streams_duration_seconds {} buckets [1.0];
    /// Time of streams.
    histogram streams_listened_seconds { how: Outcome } buckets [1.0];
    /// Time to the headers.
    histogram streams_time_to_headers_seconds { method: Method, status: Status } buckets [1.0];
}

fn layer() -> ServerLayer {
    ServerLayer::new()
        .total(streams::streams_requests_total)
        .duration(streams::streams_duration_seconds)
}

/// Which series are there after one response with this head, whose reader goes away.
async fn counted(layer: ServerLayer, method: &str, status: u16, media_type: &str) -> Vec<String> {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let media_type = media_type.to_owned();
    let service = layer.layer(answering(move |_| {
        let mut response = Response::new(body(&[Step::Data, Step::Wait]));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if !media_type.is_empty() {
            let value = media_type.parse().unwrap();
            response.headers_mut().insert("content-type", value);
        }
        response
    }));
    drop(service.oneshot(request(method, "/")).await);
    ledger.read().into_keys().collect()
}

#[tokio::test]
async fn streams_are_out_of_the_latency_if_asked_for_and_counted_all_the_same() {
    for (method, status, media_type, is_stream) in [
        ("GET", 200, "text/event-stream", true),
        ("GET", 200, "Text/Event-Stream ; charset=utf-8", true),
        ("POST", 200, "application/grpc", true),
        ("POST", 200, "application/grpc+proto", true),
        ("POST", 200, "application/grpc-web+proto", true),
        ("GET", 101, "", true),
        ("CONNECT", 200, "", true),
        ("CONNECT", 403, "", false),
        ("GET", 200, "", false),
        ("GET", 200, "text/event-streams", false),
        ("GET", 200, "application/grpcish", false),
        ("GET", 200, "text/html", false),
    ] {
        let how = match (method, status) {
            (_, 101) | ("CONNECT", 200) => "completed",
            _ => "cancelled",
        };
        let total = format!("streams_requests_total{{how={how}}}");
        let duration = "streams_duration_seconds{}".to_owned();
        let listened = format!("streams_listened_seconds{{how={how}}}");

        let included = counted(layer(), method, status, media_type).await;
        assert_eq!(included, [duration.clone(), total.clone()]);

        let excluded = layer().streams(Streams::Excluded);
        let excluded = counted(excluded, method, status, media_type).await;
        let expected = if is_stream {
            vec![total.clone()]
        } else {
            vec![duration.clone(), total.clone()]
        };
        assert_eq!(excluded, expected, "{media_type}");

        let apart = layer().stream_duration(streams::streams_listened_seconds);
        let apart = counted(apart, method, status, media_type).await;
        let first = if is_stream { listened } else { duration };
        assert_eq!(apart, [first, total], "{media_type}");
    }
}

#[tokio::test]
async fn the_headers_are_timed_when_they_come() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = layer().time_to_headers(streams::streams_time_to_headers_seconds);
    let service = layer.clone().layer(answering(|_| {
        let mut response = Response::new(body(&[Step::Data]));
        *response.status_mut() = StatusCode::CREATED;
        response
    }));
    let response = service.oneshot(get("/")).await.unwrap();
    let series = "streams_time_to_headers_seconds{method=GET,status=201}".to_owned();
    // Before anything of the body.
    assert_eq!(ledger.read(), [(series.clone(), 1.0)].into());
    response.into_body().collect().await.unwrap();
    assert_eq!(ledger.read()[&series], 1.0);
    assert_eq!(ledger.read()["streams_duration_seconds{}"], 1.0);

    // No head, no sample.
    let ledger = Ledger::new();
    let _inner = ledger.open();
    let error = layer.layer(doing(|| async {
        Err::<Response<crate::script::Bytestream>, _>("no head")
    }));
    assert!(error.oneshot(get("/")).await.is_err());
    let read: Vec<_> = ledger.read().into_keys().collect();
    assert_eq!(
        read,
        [
            "streams_duration_seconds{}",
            "streams_requests_total{how=failed}"
        ]
    );
}
