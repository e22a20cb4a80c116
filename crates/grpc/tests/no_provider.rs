//! A process that exports no spans: the trace passes through both sides all the same.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use throughline_grpc::{ClientLayer, ServerLayer};
use tower::{Layer, ServiceExt};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

#[tokio::test]
async fn without_a_provider_the_callers_trace_goes_on() {
    for (server, client) in [
        (ServerLayer::new(), ClientLayer::new()),
        (ServerLayer::new().trace(), ClientLayer::new().trace()),
    ] {
        // The handler calls on, and answers with what arrives at the far end.
        let far = client.layer(tower::service_fn(async |request: Request<()>| {
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.headers_mut() = request.headers().clone();
            Ok::<_, Infallible>(response)
        }));
        let near = server.layer(tower::service_fn(move |_: Request<()>| {
            far.clone().oneshot(Request::new(()))
        }));
        let request = Request::builder()
            .header("traceparent", TRACEPARENT)
            .header("tracestate", "vendor=1")
            .body(())
            .unwrap();
        let response = near.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["traceparent"], TRACEPARENT);
        assert_eq!(response.headers()["tracestate"], "vendor=1");
        response.into_body().collect().await.unwrap();
    }
}
