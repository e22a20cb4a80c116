//! An operation: counted by success, timed.

use std::{
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::FutureExt;
use throughline_correlation::Ids;
use throughline_job::{operation, stage};

use crate::support::{
    Op, Recorded, Stage, Store, once, poll,
    test::{self, test_store_duration_seconds, test_store_requests_total},
};

const STORE: (test_store_requests_total, test_store_duration_seconds) =
    (test_store_requests_total, test_store_duration_seconds);
const GET: (Store, Op) = (Store::Users, Op::Get);
const TIMED: &str = "test_store_duration_seconds users get";
const SUCCEEDED: &str = "test_store_requests_total users get true";
const DID_NOT: &str = "test_store_requests_total users get false";

#[test]
fn success_and_failure_are_counted_once_each() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let ok = operation(STORE, GET, ready(Ok::<_, ()>("ada")));
    assert_eq!(ok.now_or_never(), Some(Ok("ada")));
    assert_eq!(recorded.counts(), once([TIMED, SUCCEEDED]));
    let failed = operation(STORE, GET, ready(Err::<(), _>("gone")));
    assert_eq!(failed.now_or_never(), Some(Err("gone")));
    assert_eq!(recorded.counts(), once([TIMED, DID_NOT]));
}

#[test]
fn one_that_is_dropped_or_panics_did_not_succeed() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let mut dropped = Box::pin(operation(STORE, GET, pending::<Result<(), ()>>()));
    assert!(poll(&mut dropped).is_pending());
    drop(dropped);
    assert_eq!(recorded.counts(), once([TIMED, DID_NOT]));

    let work =
        std::future::poll_fn(|_| -> std::task::Poll<Result<(), ()>> { panic!("on purpose") });
    let mut panicked = Box::pin(operation(STORE, GET, work));
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut panicked))).is_err());
    drop(panicked);
    assert_eq!(recorded.counts(), once([TIMED, DID_NOT]));
}

#[test]
fn one_in_a_stage_keeps_the_stage_in_scope() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let work = stage(test::test_stage_duration_seconds, Stage::Compile, async {
        operation(STORE, GET, async { Ok::<_, ()>(Ids::current().stage()) }).await
    });
    assert_eq!(work.now_or_never(), Some(Ok(Some("compile"))));
}
