//! What the layer allocates of its own in steady state, besides what it wraps.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use metrics_util::debugging::DebuggingRecorder;
use throughline_catalog::catalog;
use throughline_context::{Switch, Trust};
use throughline_grpc::{Code, Method, Outcome, ServerLayer};
use tower::{Layer, Service};

catalog! { mod lean, budget 20_000;
    /// Requests served.
    counter lean_requests_total { method: Method, code: Code, outcome: Outcome };
    /// Requests being served.
    gauge lean_requests_in_flight {};
}

fn allocations<S, B>(service: &mut S, traceparent: Option<&'static str>) -> u64
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body,
{
    let mut once = || {
        let request = Request::post("http://lean.internal/lean.Lean/Method");
        let mut request = request.header("x-tenant-id", "seven").body(()).unwrap();
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
    let switch = Switch::new();
    switch.set_all(false);
    let mut off = ServerLayer::new()
        .total(lean::lean_requests_total)
        .switch(switch)
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
        assert_eq!(allocations(&mut off, traceparent) - without, allowed);
    }
}

#[cfg(feature = "trace")]
#[test]
fn a_span_that_nobody_records_costs_no_text() {
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use throughline_grpc::Capture;

    const CAPTURE: Capture = Capture::request(&["x-tenant-id"]).and_response(&["content-type"]);
    let answering = tower::service_fn(async |_: Request<()>| {
        let response = Response::builder().header("content-type", "application/grpc");
        Ok(response
            .body(Full::new(Bytes::from_static(b"hello")))
            .unwrap())
    });
    let of = |layer: &ServerLayer| {
        let bare = allocations(&mut answering.clone(), None);
        allocations(&mut layer.layer(answering), None) - bare
    };
    // A layer keeps the provider that has made its first span, so each provider has layers of its own.
    let measured = [Sampler::AlwaysOff, Sampler::AlwaysOn].map(|sampler| {
        let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
        opentelemetry::global::set_tracer_provider(provider);
        let plain = ServerLayer::new().trace();
        let full = ServerLayer::new()
            .trace()
            .server_address()
            .capture(CAPTURE)
            .status_messages(|text| text.to_owned().into())
            .exceptions(|text| text.to_owned().into());
        (of(&plain), of(&full))
    });
    let [(off, off_full), (on, on_full)] = measured;
    assert_eq!(off, off_full, "nothing more for what is not recorded");
    assert!(on < on_full, "and so it was looked at");
}
