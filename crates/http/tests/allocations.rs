//! What the layer allocates of its own in steady state, besides what it wraps.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use metrics_util::debugging::DebuggingRecorder;
use throughline_catalog::catalog;
use throughline_context::Trust;
use throughline_http::{Method, Outcome, ServerLayer, Status};
use tower::{Layer, Service};

catalog! { mod lean, budget 20_000;
    /// Requests served.
    counter lean_requests_total { method: Method, status: Status, outcome: Outcome };
    /// Requests being served.
    gauge lean_requests_in_flight {};
}

fn allocations<S, B>(service: &mut S, traceparent: Option<&'static str>) -> u64
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body,
{
    let mut once = || {
        let mut request = Request::get("/lean.Lean/Method").body(()).unwrap();
        if let Some(traceparent) = traceparent {
            let value = http::HeaderValue::from_static(traceparent);
            request.headers_mut().insert("traceparent", value);
        }
        let response = service.call(request).now_or_never().unwrap().unwrap();
        assert!(
            response
                .into_body()
                .collect()
                .now_or_never()
                .unwrap()
                .is_ok()
        );
    };
    once();
    allocation_counter::measure(once).count_total
}

#[test]
fn counting_allocates_nothing_and_a_callers_trace_is_one_context() {
    const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    DebuggingRecorder::new().install().unwrap();
    let mut bare = tower::service_fn(async |_: Request<()>| {
        let response = Response::builder().header("content-type", "application/grpc");
        Ok(response
            .body(Full::new(Bytes::from_static(b"hello")))
            .unwrap())
    });
    let mut counted = ServerLayer::new()
        .total(lean::lean_requests_total)
        .in_flight(lean::lean_requests_in_flight)
        .layer(bare);
    let mut trusting = ServerLayer::new()
        .trust(Trust::Mesh)
        .total(lean::lean_requests_total)
        .layer(bare);
    for (traceparent, allowed, trusted) in [(None, 0, 0), (Some(TRACEPARENT), 1, 1)] {
        let without = allocations(&mut bare, traceparent);
        let own = allocations(&mut counted, traceparent) - without;
        assert_eq!(own, allowed, "{traceparent:?}");
        assert_eq!(allocations(&mut trusting, traceparent) - without, trusted);
    }
}
