//! What stands for a status that was not sent, and a route function that panics.

use std::future::{pending, ready};

use futures_util::FutureExt;
use http::{Response, StatusCode};
use tower::{Layer, ServiceExt};

use crate::{
    ledger::{Ledger, layer},
    script::{Bytestream, Step, answering, body, doing, get, read_all, silent_panic},
    traces::{Trace, attributes},
};

type Answer = Result<Response<Bytestream>, &'static str>;

#[tokio::test]
async fn each_ending_without_a_head_has_the_status_that_it_was_given() {
    let configured = layer()
        .cancelled_as(StatusCode::REQUEST_TIMEOUT)
        .failed_as(StatusCode::BAD_GATEWAY)
        .panicked_as(StatusCode::NOT_IMPLEMENTED);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let gone = configured.layer(doing(pending::<Answer>)).oneshot(get("/"));
    assert!(gone.now_or_never().is_none());
    let failed = configured.layer(doing(|| ready(Answer::Err("no"))));
    assert!(failed.oneshot(get("/")).await.is_err());
    let panics = configured.layer(doing(|| async { silent_panic::<Answer>() }));
    let panics = std::panic::AssertUnwindSafe(panics.oneshot(get("/")));
    assert!(panics.catch_unwind().await.is_err());
    // What was sent is what is counted.
    let sent = configured.layer(answering(|_| Response::new(body(&[Step::Wait]))));
    drop(sent.oneshot(get("/")).await);
    ledger.assert_all(&[
        ("GET", "unmatched", 408, "cancelled"),
        ("GET", "unmatched", 502, "failed"),
        ("GET", "unmatched", 501, "panicked"),
        ("GET", "unmatched", 200, "cancelled"),
    ]);
}

#[tokio::test]
async fn a_client_that_went_away_is_no_error_whatever_it_is_counted_as() {
    let trace = Trace::new();
    let layer = layer()
        .trace()
        .cancelled_as(StatusCode::SERVICE_UNAVAILABLE);
    let mut request = get("/");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    let gone = layer.layer(doing(pending::<Answer>)).oneshot(request);
    assert!(gone.now_or_never().is_none());
    let span = trace.span();
    assert_eq!(span.status, opentelemetry::trace::Status::Unset);
    let attributes = attributes(&span);
    assert!(attributes.contains(&"error.type=cancelled".to_owned()));
    // It was not sent.
    assert!(
        !attributes
            .iter()
            .any(|a| a.starts_with("http.response.status_code"))
    );
}

#[tokio::test]
async fn a_route_function_that_panics_loses_no_request() {
    let trace = Trace::new();
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer()
        .trace()
        .route(|_| silent_panic())
        .layer(answering(|_| Response::new(body(&[]))));
    let mut request = get("/");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    // The panic goes on, as one of the service itself would.
    let panics = std::panic::AssertUnwindSafe(service.oneshot(request)).catch_unwind();
    let Err(panic) = panics.await else {
        panic!("the panic was swallowed");
    };
    assert_eq!(panic.downcast_ref(), Some(&"scripted"));
    ledger.assert_one("GET", "unmatched", 500, "panicked");
    assert!(attributes(&trace.span()).contains(&"error.type=panic".to_owned()));
}

#[tokio::test]
async fn a_route_function_may_keep_what_it_needs() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let prefixes = ["/closed".to_owned()];
    let service = layer()
        .route(move |request| {
            let known = prefixes
                .iter()
                .find(|prefix| request.uri.path().starts_with(*prefix));
            known.map_or_else(throughline_http::Route::unmatched, |known| {
                throughline_http::Route::of(known)
            })
        })
        .layer(answering(|_| Response::new(body(&[]))));
    let response = service.oneshot(get("/closed/7")).await.unwrap();
    read_all(response.into_body()).await;
    ledger.assert_one("GET", "/closed", 200, "completed");
}
