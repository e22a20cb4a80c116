//! Spans there and back over a real connection.

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value as Any,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as wire;
use serde_json::json;

use super::*;

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Any::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn request(trace: u8) -> ExportTraceServiceRequest {
    let span = wire::Span {
        trace_id: vec![trace; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "POST /v1/jobs".to_owned(),
        kind: wire::span::SpanKind::Server.into(),
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 3_000,
        attributes: vec![text("http.route", "/v1/jobs")],
        events: vec![wire::span::Event {
            time_unix_nano: 2_000,
            name: "exception".to_owned(),
            attributes: vec![text("exception.type", "Faulty")],
            ..wire::span::Event::default()
        }],
        links: vec![wire::span::Link {
            trace_id: vec![4; 16],
            span_id: vec![5; 8],
            ..wire::span::Link::default()
        }],
        status: Some(wire::Status {
            message: "gone".to_owned(),
            code: wire::status::StatusCode::Error.into(),
        }),
        ..wire::Span::default()
    };
    let root = wire::Span {
        trace_id: vec![9; 16],
        span_id: vec![7; 8],
        ..wire::Span::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![wire::ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", "kernel")],
                ..Resource::default()
            }),
            scope_spans: vec![wire::ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "throughline-grpc".to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans: vec![span, root],
                ..wire::ScopeSpans::default()
            }],
            ..wire::ResourceSpans::default()
        }],
    }
}

async fn client(receiver: &Receiver) -> TraceServiceClient<tonic::transport::Channel> {
    let channel = tonic::transport::Endpoint::from_shared(receiver.endpoint())
        .expect("the endpoint is a URL")
        .connect()
        .await
        .expect("the receiver listens");
    TraceServiceClient::new(channel)
}

#[tokio::test]
async fn spans_come_back_as_they_were_sent() {
    let receiver = Receiver::start().await.expect("a port is free");
    let answer = client(&receiver)
        .await
        .export(request(1))
        .await
        .expect("it is taken");
    assert_eq!(answer.into_inner().partial_success, None);
    assert!(
        receiver
            .wait_until(Duration::from_secs(30), |spans| spans.len() == 2)
            .await
    );

    let trace = receiver.trace(&"01".repeat(16));
    let [span] = trace.as_slice() else {
        panic!("one span, not {trace:?}")
    };
    assert_eq!(
        (span.service.as_str(), span.scope.as_str()),
        ("kernel", "throughline-grpc")
    );
    assert_eq!(
        (span.name.as_str(), span.kind),
        ("POST /v1/jobs", Kind::Server)
    );
    assert_eq!(span.span_id, "02".repeat(8));
    assert_eq!(span.parent_id, Some("03".repeat(8)));
    assert_eq!((span.start_ns, span.end_ns), (1_000, 3_000));
    assert_eq!(span.attributes["http.route"], json!("/v1/jobs"));
    assert_eq!(span.text("http.route"), Some("/v1/jobs"));
    assert_eq!(span.events[0].attributes["exception.type"], json!("Faulty"));
    assert_eq!(
        span.links,
        [Link {
            trace_id: "04".repeat(16),
            span_id: "05".repeat(8)
        }]
    );
    assert_eq!(span.status, Status::Error("gone".to_owned()));
    assert!(span.is_error());

    let root = &receiver.trace(&"09".repeat(16))[0];
    assert_eq!(
        (root.parent_id.as_deref(), &root.status),
        (None, &Status::Unset)
    );
}

#[tokio::test]
async fn waiting_ends_at_its_limit() {
    let receiver = Receiver::start().await.expect("a port is free");
    assert!(
        !receiver
            .wait_until(Duration::from_millis(20), |spans| !spans.is_empty())
            .await
    );
}

#[tokio::test]
async fn a_waiter_is_woken_by_what_comes_later() {
    let receiver = Receiver::start().await.expect("a port is free");
    let mut sender = client(&receiver).await;
    let (came, sent) = tokio::join!(
        receiver.wait_until(Duration::from_secs(30), |spans| spans.len() == 4),
        async {
            sender.export(request(1)).await.expect("it is taken");
            sender.export(request(2)).await
        }
    );
    sent.expect("it is taken");
    assert!(came);
}
