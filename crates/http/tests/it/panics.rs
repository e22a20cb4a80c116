//! A panic is told from a client that went away, wherever it happens and whoever catches it.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use http::Response;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    ledger::{Ledger, layer},
    script::{Bytestream, Step, answering, body, doing, get, read_all, silent_panic},
};

type Answer = Result<Response<Bytestream>, Infallible>;

async fn panics_at_once() -> Answer {
    silent_panic()
}

async fn panics_later() -> Answer {
    tokio::task::yield_now().await;
    silent_panic()
}

#[tokio::test]
async fn a_panic_in_the_future_is_counted_before_it_goes_on() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let at_once = layer().layer(doing(panics_at_once)).oneshot(get("/"));
    assert!(AssertUnwindSafe(at_once).catch_unwind().await.is_err());
    ledger.assert_one("GET", "unmatched", 500, "panicked");

    let ledger = Ledger::new();
    let _open = ledger.open();
    let later = layer().layer(doing(panics_later)).oneshot(get("/"));
    assert!(AssertUnwindSafe(later).catch_unwind().await.is_err());
    ledger.assert_one("GET", "unmatched", 500, "panicked");
}

#[tokio::test]
async fn a_panic_in_the_call_itself_is_counted() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(service_fn(|_| -> std::future::Ready<Answer> {
        silent_panic()
    }));
    let future = service.oneshot(get("/"));
    assert!(AssertUnwindSafe(future).catch_unwind().await.is_err());
    ledger.assert_one("GET", "unmatched", 500, "panicked");
}

#[tokio::test]
async fn a_panic_in_the_body_keeps_the_status_that_was_sent() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(answering(|_| {
        Response::new(body(&[Step::Data, Step::Panic]))
    }));
    let body = service.oneshot(get("/")).await.unwrap().into_body();
    let read = AssertUnwindSafe(read_all(body)).catch_unwind().await;
    assert!(read.is_err());
    ledger.assert_one("GET", "unmatched", 200, "panicked");
}

#[tokio::test]
async fn a_panic_that_is_caught_further_out_is_still_a_panic() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    // The panic is caught first, and our future dropped when nothing unwinds any more.
    let service = CatchPanicLayer::new().layer(layer().layer(doing(panics_later)));
    let response = service.oneshot(get("/")).await.unwrap();
    assert_eq!(response.status(), 500);
    drop(response);
    ledger.assert_one("GET", "unmatched", 500, "panicked");
}

#[tokio::test]
async fn a_panic_that_is_caught_further_in_is_a_response() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(CatchPanicLayer::new().layer(doing(panics_later)));
    let response = service.oneshot(get("/")).await.unwrap();
    read_all(response.into_body()).await;
    ledger.assert_one("GET", "unmatched", 500, "completed");
}

#[tokio::test]
async fn a_task_that_panics_is_a_panic() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(doing(panics_later));
    let ended = tokio::spawn(service.oneshot(get("/"))).await;
    assert!(ended.is_err_and(|error| error.is_panic()));
    ledger.assert_one("GET", "unmatched", 500, "panicked");
}
