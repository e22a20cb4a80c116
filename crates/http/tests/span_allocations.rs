//! What a span costs where nobody records it: nothing that grows with the request.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use opentelemetry::global;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use throughline_http::{Route, ServerLayer};
use tower::{Layer, Service};

/// How often, and for how many bytes, `service` asks for memory in one request.
fn asked<S, B>(service: &mut S, method: &str, path: &str) -> (u64, u64)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body,
{
    let mut once = |request: Request<()>| {
        let response = service.call(request).now_or_never().unwrap().unwrap();
        let read = response.into_body().collect().now_or_never();
        assert!(read.unwrap().is_ok());
    };
    let request = || {
        let request = Request::builder().method(method).uri(path);
        request.body(()).unwrap()
    };
    once(request());
    let next = request();
    let info = allocation_counter::measure(|| once(next));
    (info.count_total, info.bytes_total)
}

/// The same of a span alone, under this sampler.
fn of_a_span(sampler: Sampler, method: &str, path: &str) -> (u64, u64) {
    let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
    global::set_tracer_provider(provider);
    let inner = tower::service_fn(async |_: Request<()>| {
        Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
    });
    let layer = ServerLayer::new().route(|_| Route::of("/files/{*path}"));
    let without = asked(&mut layer.layer(inner), method, path);
    let with = asked(&mut layer.trace().layer(inner), method, path);
    (with.0 - without.0, with.1 - without.1)
}

#[test]
fn an_unrecorded_span_builds_no_string_and_a_recorded_one_only_the_path() {
    let long = format!("/files/{}", "a".repeat(1_000));
    let off = |method, path| of_a_span(Sampler::AlwaysOff, method, path);
    // The attributes' list, the span, which the API boxes twice, and the context that it is active in.
    assert_eq!(off("GET", "/files/a").0, 4);
    assert_eq!(off("GET", "/files/a"), off("INVENTED", &long));

    let on = |path| of_a_span(Sampler::AlwaysOn, "GET", path);
    let [short, longer] = [on("/files/a"), on(&long)];
    // The path, and nothing for the name, which has been built once.
    assert_eq!(short.0, 5);
    let more = (long.len() - "/files/a".len()) as u64;
    assert_eq!(longer, (short.0, short.1 + more));
}
