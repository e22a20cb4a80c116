//! Every other way in which a request can end, counted once, with nothing left in flight.

use std::convert::Infallible;
use std::future::{pending, ready};

use futures_util::FutureExt;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use tower::{BoxError, Layer, Service, ServiceExt};

use crate::{
    ledger::{Ledger, layer},
    script::{Bytestream, Step, answering, body, doing, get, read_all, request},
};

#[tokio::test]
async fn a_body_that_fails_is_failed_under_the_status_that_was_sent() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(answering(|_| {
        Response::new(body(&[Step::Data, Step::Fail]))
    }));
    let mut body = service.oneshot(get("/")).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the disk is gone");
    drop(body);
    ledger.assert_one("GET", "unmatched", 200, "failed");
}

#[tokio::test]
async fn an_error_instead_of_a_response_is_failed() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(doing(|| ready(Err(BoxError::from("no backend")))));
    // The error is the inner service's own.
    let error: BoxError = service.oneshot(get("/")).await.err().unwrap();
    assert_eq!(error.to_string(), "no backend");
    ledger.assert_one("GET", "unmatched", 500, "failed");
}

#[tokio::test]
async fn a_future_dropped_before_its_head_is_cancelled() {
    for polled in [false, true] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let mut service = layer().layer(doing(pending::<Result<Response<Bytestream>, Infallible>>));
        let mut future = service.call(get("/"));
        if polled {
            assert!((&mut future).now_or_never().is_none());
        }
        drop(future);
        ledger.assert_one("GET", "unmatched", 499, "cancelled");
    }
}

#[tokio::test]
async fn a_body_dropped_before_its_end_is_cancelled_under_the_status_that_was_sent() {
    for read in [0, 1, 2] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let service = layer().layer(answering(|_| {
            let mut response = Response::new(body(&[Step::Data, Step::Data, Step::Wait]));
            *response.status_mut() = StatusCode::CREATED;
            response
        }));
        let mut body = service.oneshot(get("/")).await.unwrap().into_body();
        for _ in 0..read {
            assert!(body.frame().await.unwrap().is_ok());
        }
        assert!(body.frame().now_or_never().is_none_or(|_| read < 2));
        drop(body);
        ledger.assert_one("GET", "unmatched", 201, "cancelled");
    }
}

#[tokio::test]
async fn a_body_dropped_after_its_end_is_not_counted_again() {
    for steps in [
        &[Step::Data, Step::Data][..],
        &[Step::Data, Step::Trailers],
        &[],
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let service = layer().layer(answering(move |_| Response::new(body(steps))));
        let mut body = service.oneshot(get("/")).await.unwrap().into_body();
        while body.frame().await.is_some() {}
        ledger.assert_one("GET", "unmatched", 200, "completed");
        drop(body);
        ledger.assert_one("GET", "unmatched", 200, "completed");
    }
}

#[tokio::test]
async fn a_tunnel_is_complete_at_its_head_and_a_refused_one_at_its_end() {
    for (status, outcome) in [(200, "completed"), (403, "cancelled")] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let service = layer().layer(answering(move |_| {
            let mut response = Response::new(body(&[Step::Wait]));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        }));
        let request = request("CONNECT", "example.com:443");
        drop(service.oneshot(request).await.unwrap());
        ledger.assert_one("CONNECT", "unmatched", status, outcome);
    }
}

#[tokio::test]
async fn an_upgrade_is_complete_at_its_head() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = layer().layer(answering(|_| {
        let mut response = Response::new(body(&[Step::Wait]));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response
    }));
    drop(service.oneshot(get("/socket")).await.unwrap());
    ledger.assert_one("GET", "unmatched", 101, "completed");
}

#[tokio::test]
async fn requests_that_overlap_end_each_on_its_own() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = layer().layer(answering(|_| Response::new(body(&[Step::Data]))));
    let first = service.call(get("/"));
    let second = service.call(get("/"));
    assert_eq!(ledger.read()["shop_requests_in_flight{method=GET}"], 2.0);
    read_all(second.await.unwrap().into_body()).await;
    assert_eq!(ledger.read()["shop_requests_in_flight{method=GET}"], 1.0);
    drop(first);
    assert_eq!(ledger.read()["shop_requests_in_flight{method=GET}"], 0.0);
}
