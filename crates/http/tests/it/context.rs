//! Trace context and ids reach the service whatever the layer's concerns are.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_correlation::{Ids, RequestId, RequestIdLayer};
use throughline_http::ServerLayer;
use tower::{BoxError, Layer, ServiceBuilder, ServiceExt};

use crate::{
    script::{get, looking_body, read_all},
    traces::Trace,
};

/// What was current at each look: the span's id and the request's.
type Seen = Arc<Mutex<Vec<(String, Option<RequestId>)>>>;

fn looks() -> (Seen, impl FnMut() + Clone + Send + 'static) {
    let seen = Seen::default();
    let look = {
        let seen = Arc::clone(&seen);
        move || {
            let span = Context::current().span().span_context().span_id();
            let request = Ids::current_id::<RequestId>();
            seen.lock().unwrap().push((span.to_string(), request));
        }
    };
    (seen, look)
}

/// Runs a request through `layer` to its end; the service and its body look.
async fn run(layer: ServerLayer, request: Request<String>) -> Vec<(String, Option<RequestId>)> {
    let (seen, look) = looks();
    let service = ServiceBuilder::new()
        .layer(RequestIdLayer::new())
        .layer(layer)
        .service_fn(move |_: Request<String>| {
            let mut look = look.clone();
            async move {
                look();
                Ok::<_, BoxError>(Response::new(looking_body(look)))
            }
        });
    let response = service.oneshot(request).await.unwrap();
    read_all(response.into_body()).await;
    assert!(Ids::current().is_empty());
    seen.lock().unwrap().clone()
}

#[tokio::test]
async fn without_any_concern_the_callers_span_is_the_current_one() {
    let trace = Trace::new();
    let mut request = get("/");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    let id = "req-7".parse().unwrap();
    request.headers_mut().insert("x-request-id", id);
    let expected = (
        trace.parent.to_string(),
        Some(RequestId::parse("req-7").unwrap()),
    );
    let seen = run(ServerLayer::new(), request).await;
    assert_eq!(seen, vec![expected; 3]);
    assert!(trace.spans().is_empty());
}

#[tokio::test]
async fn ids_are_in_scope_beside_the_span() {
    let trace = Trace::new();
    let mut request = get("/");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    let seen = run(ServerLayer::new().trace(), request).await;
    let span = trace.span().span_context.span_id().to_string();
    assert_eq!(seen.len(), 3);
    assert!(seen[0].1.is_some());
    assert!(
        seen.iter()
            .all(|(id, request)| *id == span && *request == seen[0].1)
    );
}

#[tokio::test]
async fn a_body_that_outlives_its_request_is_dropped_in_scope() {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    let trace = Trace::new();
    let (seen, look) = looks();
    let service = ServerLayer::new()
        .trace()
        .layer(tower::service_fn(move |_: Request<String>| {
            let held = OnDrop(look.clone());
            let body = looking_body(move || {
                let _ = &held;
            });
            std::future::ready(Ok::<_, BoxError>(Response::new(body)))
        }));
    let mut request = get("/");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    drop(service.oneshot(request).await.unwrap());
    let span = trace.span().span_context.span_id().to_string();
    assert_eq!(*seen.lock().unwrap(), [(span, None)]);
}
