//! Which spans are errors, and of what type.

use std::future::{pending, ready};

use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use opentelemetry::trace::Status;
use throughline_http::ServerLayer;
use tower::{BoxError, Layer, Service, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    script::{Bytestream, Step, answering, body, doing, silent_panic},
    traces::{Trace, attributes},
};

/// Runs a request through `service`, reading so many frames, and checks the span's status and error type.
#[track_caller]
fn check(
    service: impl Service<Request<String>, Response = Response<Bytestream>>,
    read: usize,
    failed: bool,
    error: Option<&str>,
) {
    let trace = Trace::new();
    let request = Request::get("/").header("traceparent", trace.traceparent());
    let request = request.body(String::new()).unwrap();
    // A service with `CatchPanicLayer` outside keeps a panic from ending the test.
    let service = CatchPanicLayer::new().layer(
        ServerLayer::new()
            .trace()
            .layer(service.map_err(|_| "failed")),
    );
    if let Some(Ok(response)) = service.oneshot(request).now_or_never() {
        let mut body = response.into_body();
        for _ in 0..read {
            let frame = std::panic::AssertUnwindSafe(body.frame());
            if frame.catch_unwind().now_or_never().is_none() {
                break;
            }
        }
    }
    let span = trace.span();
    let expected = if failed {
        Status::error("")
    } else {
        Status::Unset
    };
    assert_eq!(span.status, expected);
    let types: Vec<_> = attributes(&span)
        .into_iter()
        .filter_map(|a| a.strip_prefix("error.type=").map(str::to_owned))
        .collect();
    assert_eq!(types, Vec::from_iter(error.map(str::to_owned)));
}

fn status(
    status: u16,
    steps: &'static [Step],
) -> impl Service<Request<String>, Response = Response<Bytestream>> {
    answering(move |_| {
        let mut response = Response::new(body(steps));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    })
}

#[test]
fn the_server_is_at_fault_for_its_5xx_its_panics_and_its_broken_bodies_only() {
    check(status(200, &[]), 1, false, None);
    check(status(302, &[]), 1, false, None);
    check(status(404, &[]), 1, false, None);
    check(status(499, &[]), 1, false, None);
    check(status(500, &[]), 1, true, Some("500"));
    check(status(503, &[Step::Data]), 2, true, Some("503"));
    check(status(200, &[Step::Fail]), 1, true, Some("_OTHER"));
    check(status(200, &[Step::Panic]), 1, true, Some("panic"));
    check(
        doing(|| ready(Err::<Response<Bytestream>, _>(BoxError::from("no")))),
        0,
        true,
        Some("_OTHER"),
    );
    check(
        doing(|| async { silent_panic::<Result<Response<Bytestream>, BoxError>>() }),
        0,
        true,
        Some("panic"),
    );
    // A client that went away is no fault of the server's.
    check(
        doing(pending::<Result<Response<Bytestream>, BoxError>>),
        0,
        false,
        Some("cancelled"),
    );
    check(
        status(200, &[Step::Data, Step::Wait]),
        2,
        false,
        Some("cancelled"),
    );
    // But what it did see of the failure stays one.
    check(status(500, &[Step::Data, Step::Wait]), 2, true, Some("500"));
}
