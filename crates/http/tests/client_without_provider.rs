//! A process that exports no spans: its clients send the trace on all the same.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Empty};
use throughline_context::{Scope, extract};
use throughline_http::ClientLayer;
use tower::{Layer, ServiceExt};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";

// A8
#[tokio::test]
async fn without_a_provider_the_trace_goes_on() {
    let mut served = HeaderMap::new();
    served.insert("traceparent", HeaderValue::from_static(TRACEPARENT));
    served.insert("tracestate", HeaderValue::from_static("vendor=1"));
    for layer in [ClientLayer::new(), ClientLayer::new().trace()] {
        let client = layer.layer(tower::service_fn(async |request: Request<()>| {
            let mut response = Response::new(Empty::<Bytes>::new());
            *response.headers_mut() = request.headers().clone();
            Ok::<_, Infallible>(response)
        }));
        let scope = Scope::default().with_context(extract(&served));
        let response = scope
            .around(client.oneshot(Request::new(())))
            .await
            .unwrap();
        assert_eq!(*response.headers(), served);
        response.into_body().collect().await.unwrap();
    }
}
