//! Trace context and ids reach the handler whatever the layer's concerns are.

use opentelemetry::{Context, trace::TraceContextExt};
use throughline_correlation::{ForwardIdsLayer, Ids, RequestId, RequestIdLayer};
use throughline_grpc::{ClientLayer, ServerLayer};
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::{
    script::{Step, answering, call, head_only, read_all, stream},
    traces::Trace,
};

const OK: &[Step] = &[Step::Data, Step::Trailers(Some("0"))];

#[tokio::test]
async fn ids_and_trace_go_from_a_server_through_a_client() {
    let trace = Trace::new();
    let onward = answering(|request| {
        // What arrives at the far end.
        let mut response = head_only("0");
        for name in ["x-request-id", "traceparent"] {
            let value = request.headers()[name].clone();
            response.headers_mut().insert(name, value);
        }
        response
    });
    let mut far = ServiceBuilder::new()
        .layer(ForwardIdsLayer::new())
        .layer(ClientLayer::new().trace())
        .service(onward);
    let near = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(ServerLayer::new().trace())
        .service(tower::service_fn(move |_| {
            assert!(Context::current().has_active_span());
            assert_eq!(Ids::current_id(), RequestId::parse("req-7").ok());
            far.call(call("/onward.Service/Method"))
        }));
    let mut request = call("/near.Service/Method");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    let id = "req-7".parse().unwrap();
    request.headers_mut().insert("x-request-id", id);
    let response = near.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "req-7");
    let arrived = response.headers()["traceparent"]
        .to_str()
        .unwrap()
        .to_owned();
    read_all(response.into_body()).await;

    // Client and server, in the order of ending, each the child of the other.
    let [client, server] = &trace.spans()[..] else {
        panic!("two spans: {:?}", trace.spans());
    };
    assert_eq!(server.parent_span_id, trace.parent);
    assert_eq!(client.parent_span_id, server.span_context.span_id());
    let expected = format!("00-{}-{}-01", trace.id, client.span_context.span_id());
    assert_eq!(arrived, expected);
}

#[tokio::test]
async fn without_any_concern_the_callers_span_is_the_current_one() {
    let trace = Trace::new();
    let parent = trace.parent;
    let service = ServiceBuilder::new()
        .layer(ServerLayer::new())
        .service(answering(move |_| {
            let current = Context::current().span().span_context().span_id();
            assert_eq!(current, parent);
            stream(OK)
        }));
    let mut request = call("/bare.Service/Method");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    assert!(trace.spans().is_empty());
}
