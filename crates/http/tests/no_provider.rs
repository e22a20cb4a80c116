//! A process that exports no spans: the trace passes through all the same.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use opentelemetry::Context;
use throughline_context::inject;
use throughline_http::ServerLayer;
use tower::{Layer, ServiceExt};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

#[tokio::test]
async fn without_a_provider_the_callers_trace_goes_on() {
    for layer in [ServerLayer::new(), ServerLayer::new().trace()] {
        let service = layer.layer(tower::service_fn(async |_: Request<()>| {
            let mut onward = HeaderMap::new();
            inject(&Context::current(), &mut onward);
            let mut response = Response::new(Full::new(Bytes::new()));
            *response.headers_mut() = onward;
            Ok::<_, Infallible>(response)
        }));
        let request = Request::builder()
            .header("traceparent", TRACEPARENT)
            .header("tracestate", "vendor=1")
            .body(())
            .unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["traceparent"], TRACEPARENT);
        assert_eq!(response.headers()["tracestate"], "vendor=1");
        response.into_body().collect().await.unwrap();
    }
}
