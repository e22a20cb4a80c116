//! How far a caller is trusted with the trace.

use http::{HeaderMap, HeaderValue, Request, Response};
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_context::{Trust, caller_decides, inject};
use throughline_http::ServerLayer;
use tower::{BoxError, ServiceBuilder, ServiceExt};

use crate::{
    script::{get, read_all},
    traces::{Trace, of},
};

/// The trace that the handler ran in.
#[derive(Clone)]
struct Seen(String);

/// Whether a span that begins in the handler may follow the caller; said in a header.
const DECIDES: &str = "x-caller-decides";

/// What went on from inside the handler, and the trace that it ran in.
async fn onward(layer: ServerLayer, trace: &Trace) -> (HeaderMap, String) {
    let service = ServiceBuilder::new()
        .layer(layer)
        .service_fn(|_: Request<String>| async {
            let (cx, mut headers) = (Context::current(), HeaderMap::new());
            inject(&cx, &mut headers);
            if caller_decides(&cx) {
                headers.insert(DECIDES, HeaderValue::from_static("yes"));
            }
            let id = cx.span().span_context().trace_id().to_string();
            let mut response = Response::new(String::new());
            *response.headers_mut() = headers;
            response.extensions_mut().insert(Seen(id));
            Ok::<_, BoxError>(response)
        });
    let mut request = get("/");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    let state = "forged=1".parse().unwrap();
    request.headers_mut().insert("tracestate", state);
    let response = service.oneshot(request).await.unwrap();
    let headers = response.headers().clone();
    let Seen(id) = response.extensions().get().cloned().unwrap();
    read_all(response.into_body()).await;
    (headers, id)
}

#[tokio::test]
async fn a_forged_context_at_an_edge_is_a_link_and_never_a_parent() {
    let trace = Trace::new();
    let (headers, id) = onward(ServerLayer::new().trace().trust(Trust::Edge), &trace).await;
    let forged = trace.traceparent();
    assert_ne!(id, forged[3..35], "a new trace");
    assert_eq!(headers["traceparent"].to_str().unwrap()[3..35], id);
    assert!(headers.get("tracestate").is_none());
    let span = of(&id).remove(0);
    assert_eq!(span.parent_span_id.to_string(), "0000000000000000");
    let linked = &span.links[0].span_context;
    assert_eq!(linked.trace_id().to_string(), forged[3..35]);
}

#[tokio::test]
async fn by_default_the_trace_goes_on_with_its_state() {
    let trace = Trace::new();
    let (headers, id) = onward(ServerLayer::new().trace(), &trace).await;
    assert_eq!(id, trace.traceparent()[3..35]);
    assert_eq!(headers["tracestate"], "forged=1");
}

#[tokio::test]
async fn a13_only_in_a_mesh_may_a_sampler_follow_the_caller() {
    // Without a span of the layer's, the handler runs under the caller's own.
    let decides = async |layer: ServerLayer| {
        let (headers, _) = onward(layer, &Trace::new()).await;
        headers.contains_key(DECIDES)
    };
    assert!(!decides(ServerLayer::new()).await, "by default");
    assert!(!decides(ServerLayer::new().trust(Trust::Keep)).await);
    assert!(decides(ServerLayer::new().trust(Trust::Mesh)).await);
}
