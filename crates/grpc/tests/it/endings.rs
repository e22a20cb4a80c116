//! Each way in which a call can end, at both sides: one record, and nothing left in flight.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use throughline_grpc::{Code, Method};
use tower::{BoxError, Layer, Service, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    ledger::{Ledger, client, server},
    script::{Messages, Step, answering, call, doing, head_only, read_all, silent_panic, stream},
};

const METHOD: &str = "ends.Ends/End";

/// Runs a call through both layers, each alone, and reads its answer to the end.
#[track_caller]
fn check<S>(service: S, server_ends: (&str, &str), client_ends: (&str, &str))
where
    S: Service<Request<String>, Response = Response<Messages>, Error: std::fmt::Debug + 'static>
        + Clone,
{
    check_reading(usize::MAX, service, server_ends, client_ends);
}

/// The same, reading only so many frames, or not even the head if it does not come at once.
#[track_caller]
fn check_reading<S>(
    frames: usize,
    service: S,
    (server_code, server_outcome): (&str, &str),
    (client_code, client_outcome): (&str, &str),
) where
    S: Service<Request<String>, Response = Response<Messages>, Error: std::fmt::Debug + 'static>
        + Clone,
{
    // The label is there, so that it does not hang on whether a handler has answered.
    Method::seed([METHOD]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    drive(frames, server().layer(service.clone()));
    ledger.assert_one("server", METHOD, server_code, server_outcome);
    drive(frames, client().layer(service));
    ledger.assert_one("client", METHOD, client_code, client_outcome);
}

fn drive<S, B>(frames: usize, service: S)
where
    S: Service<Request<String>, Response = Response<B>, Error: std::fmt::Debug>,
    B: http_body::Body + Unpin,
{
    let future = async {
        if let Ok(response) = service.oneshot(call("/ends.Ends/End")).await {
            let mut body = response.into_body();
            for _ in 0..frames {
                let Some(Ok(_)) = body.frame().await else {
                    break;
                };
            }
        }
    };
    let _ = AssertUnwindSafe(future).catch_unwind().now_or_never();
}

#[test]
fn a_status_in_the_trailers_is_the_calls() {
    for (number, code) in (0..).zip(Code::ALL) {
        let text: &'static str = number.to_string().leak();
        let steps: &'static [Step] = vec![Step::Data, Step::Trailers(Some(text))].leak();
        let ends = (code.as_str(), "completed");
        check(answering(move |_| stream(steps)), ends, ends);
    }
}

#[test]
fn a_status_in_the_head_is_the_calls_though_nobody_reads_on() {
    for (number, code) in (0..).zip(Code::ALL) {
        let service = answering(move |_| head_only(&number.to_string()));
        let ends = (code.as_str(), "completed");
        check_reading(0, service, ends, ends);
    }
}

#[test]
fn what_is_no_status_is_unknown() {
    for text in [
        "17",
        "99",
        "-1",
        "1000000000000",
        "00",
        "05",
        "OK",
        "",
        "0x1",
        "1 ",
    ] {
        let ends = ("UNKNOWN", "completed");
        check(answering(move |_| head_only(text)), ends, ends);
        let steps: &'static [Step] = vec![Step::Trailers(Some(text))].leak();
        check(answering(move |_| stream(steps)), ends, ends);
    }
}

#[test]
fn without_a_status_the_one_of_http_stands_for_it() {
    for (status, code) in [
        (200, "UNKNOWN"),
        (400, "INTERNAL"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "UNIMPLEMENTED"),
        (418, "UNKNOWN"),
        (429, "UNAVAILABLE"),
        (500, "UNKNOWN"),
        (502, "UNAVAILABLE"),
        (503, "UNAVAILABLE"),
        (504, "UNAVAILABLE"),
    ] {
        for steps in [&[][..], &[Step::Data], &[Step::Data, Step::Trailers(None)]] {
            let service = answering(move |_| {
                let mut response = stream(steps);
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                response
            });
            check(service, (code, "completed"), (code, "completed"));
        }
    }
}

#[test]
fn an_error_tells_a_client_that_nobody_was_there() {
    let service = doing(|| ready(Err::<Response<Messages>, _>(BoxError::from("refused"))));
    check(service, ("UNKNOWN", "failed"), ("UNAVAILABLE", "failed"));
    let steps = &[Step::Data, Step::Fail];
    let service = answering(|_| stream(steps));
    check(service, ("UNKNOWN", "failed"), ("UNAVAILABLE", "failed"));
}

#[test]
fn an_error_that_is_a_status_says_its_code() {
    let service = doing(|| {
        ready(Err::<Response<Messages>, _>(
            tonic::Status::deadline_exceeded("too slow"),
        ))
    });
    let ends = ("DEADLINE_EXCEEDED", "failed");
    check(service, ends, ends);
}

#[test]
fn what_nobody_waits_for_is_cancelled() {
    let ends = ("CANCELLED", "cancelled");
    check(
        doing(pending::<Result<Response<Messages>, Infallible>>),
        ends,
        ends,
    );
    for frames in [0, 1, 2] {
        let service = answering(|_| stream(&[Step::Data, Step::Data, Step::Trailers(Some("0"))]));
        check_reading(frames, service, ends, ends);
    }
    check(answering(|_| stream(&[Step::Data, Step::Wait])), ends, ends);
}

#[test]
fn a_panic_is_internal() {
    let ends = ("INTERNAL", "panicked");
    check(
        doing(|| async { silent_panic::<Result<Response<Messages>, Infallible>>() }),
        ends,
        ends,
    );
    check(
        doing(silent_panic::<std::future::Ready<Result<Response<Messages>, Infallible>>>),
        ends,
        ends,
    );
    check(
        answering(|_| stream(&[Step::Data, Step::Panic])),
        ends,
        ends,
    );
}

#[tokio::test]
async fn a_panic_that_is_caught_further_out_is_still_a_panic() {
    Method::seed([METHOD]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = CatchPanicLayer::new().layer(server().layer(doing(|| async {
        tokio::task::yield_now().await;
        silent_panic::<Result<Response<Messages>, Infallible>>()
    })));
    drop(service.oneshot(call("/ends.Ends/End")).await.unwrap());
    ledger.assert_one("server", METHOD, "INTERNAL", "panicked");
}

#[tokio::test]
async fn what_is_dropped_after_its_end_is_not_counted_again() {
    Method::seed([METHOD]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = server().layer(answering(|_| {
        stream(&[Step::Data, Step::Trailers(Some("0"))])
    }));
    let mut body = service
        .oneshot(call("/ends.Ends/End"))
        .await
        .unwrap()
        .into_body();
    // hyper need not poll once more after the trailers.
    for _ in 0..2 {
        body.frame().await.unwrap().unwrap();
    }
    ledger.assert_one("server", METHOD, "OK", "completed");
    read_all(body).await;
    ledger.assert_one("server", METHOD, "OK", "completed");
}

#[tokio::test]
async fn calls_that_overlap_are_in_flight_together() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = server().layer(answering(|_| stream(&[Step::Wait])));
    let first = service.call(call("/ends.Ends/End"));
    let second = service.call(call("/ends.Ends/End")).await.unwrap();
    let in_flight = || ledger.read()["rpc_server_calls_in_flight{}"];
    assert_eq!(in_flight(), 2.0);
    drop(first);
    assert_eq!(in_flight(), 1.0);
    drop(second);
    assert_eq!(in_flight(), 0.0);
}
