//! A hundred thousand methods that clients have invented: no series comes of them, and no memory stays
//! behind. A process of its own, whose memory nothing else moves.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use http::Request;
use http_body_util::{BodyExt, Empty};
use metrics_util::debugging::{DebuggingRecorder, Snapshotter};
use opentelemetry::global;
use opentelemetry_sdk::trace::SdkTracerProvider;
use throughline_catalog::catalog;
use throughline_grpc::{Code, Method, Outcome, ServerLayer};
use tonic::{body::Body, service::Routes};
use tower::{Layer, Service};

catalog! { mod invented, budget 100_000;
    /// Begun.
    counter invented_started_total { method: Method };
    /// Ended.
    counter invented_handled_total { method: Method, code: Code, outcome: Outcome };
    /// Under way.
    gauge invented_in_flight { method: Method };
}

const METHODS: usize = 100_000;
const MORE: usize = 2 << 20;

/// The resident set in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .unwrap();
    kilobytes.trim().parse::<usize>().unwrap() * 1024
}

fn series(snapshotter: &Snapshotter) -> BTreeSet<String> {
    let series = snapshotter.snapshot().into_vec().into_iter();
    series.map(|(key, ..)| key.key().to_string()).collect()
}

/// A service, a method and a trace that nobody has sent before.
fn request(n: usize) -> Request<Body> {
    Request::post(format!("/invented.v{n}.Service{n}/Method{n}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header(
            "traceparent",
            format!("00-{:032x}-{:016x}-01", n + 1, n + 1),
        )
        .body(Body::new(Empty::new()))
        .unwrap()
}

#[tokio::test]
async fn p9_a_hundred_thousand_invented_methods_leave_nothing_behind() {
    // Spans are made, and nobody keeps them.
    global::set_tracer_provider(SdkTracerProvider::builder().build());
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _open = metrics::set_default_local_recorder(&recorder);
    let layer = ServerLayer::new()
        .started(invented::invented_started_total)
        .total(invented::invented_handled_total)
        .in_flight(invented::invented_in_flight)
        .trace();
    // tonic's own router, which has no such service.
    let mut service = layer.layer(Routes::default().prepare());
    let mut calls = async |numbers: std::ops::Range<usize>| {
        for n in numbers {
            let response = service.call(request(n)).await.unwrap();
            assert_eq!(response.headers()["grpc-status"], "12");
            response.into_body().collect().await.unwrap();
        }
    };
    calls(0..1_000).await;
    let (known, counted, before) = (Method::known(), series(&snapshotter), resident());
    assert_eq!(counted.len(), 3, "one of each family: {counted:#?}");
    calls(1_000..1_000 + METHODS).await;
    let after = resident();
    assert_eq!(Method::known(), known);
    assert_eq!(series(&snapshotter), counted);
    println!("{before} bytes before, {after} after {METHODS} methods");
    assert!(after <= before + MORE, "{before} bytes became {after}");
}
