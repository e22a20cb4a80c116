//! The scope: trace and ids together.

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
};

use futures_util::FutureExt;
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_context::Scope;
use throughline_correlation::{Ids, Key, RequestId};

use crate::support::{TRACE, headers, parent, refused, text};

/// A scope with this trace id and request id.
pub(crate) fn scope(n: u8) -> Scope {
    let parent = format!("00-{n:032x}-{n:016x}-01");
    let id = format!("r-{n}");
    let pairs = [("traceparent", parent.as_str()), ("x-request-id", &id)];
    Scope::extract(&headers(&pairs).unwrap(), [Key::Request])
}

/// The number of the scope at hand: both parts must agree.
pub(crate) fn seen() -> Option<u8> {
    let trace = Context::current().span().span_context().trace_id();
    let trace = u128::from_be_bytes(trace.to_bytes());
    let id = Ids::current_id::<RequestId>();
    let number = id.map_or(0, |id| id.as_str()[2..].parse::<u8>().unwrap());
    assert_eq!(trace, u128::from(number), "trace and ids are of one scope");
    (number != 0).then_some(number)
}

#[test]
fn a_scope_goes_through_a_carrier_whole() {
    let parent = parent("03");
    let map = headers(&[
        ("traceparent", parent.as_str()),
        ("tracestate", "a=1"),
        ("x-request-id", "r-1"),
        ("x-job-id", "j-1"),
        ("x-tenant-id", "acme"),
    ])
    .unwrap();
    let scope = Scope::extract(&map, [Key::Request, Key::Job]);
    assert!(format!("{scope:?}").contains(TRACE));
    let mut onward = http::HeaderMap::new();
    scope.inject(&mut onward);
    assert_eq!(text(&onward, "traceparent"), Some(parent.as_str()));
    assert_eq!(text(&onward, "tracestate"), Some("a=1"));
    assert_eq!(text(&onward, "x-request-id"), Some("r-1"));
    assert_eq!(text(&onward, "x-job-id"), Some("j-1"));
    assert_eq!(text(&onward, "x-tenant-id"), None, "it was not asked for");
}

#[test]
fn ids_that_are_malformed_or_repeated_are_counted_and_left_out() {
    let map = headers(&[
        ("x-request-id", "r-1"),
        ("x-request-id", "r-2"),
        ("x-job-id", "two words"),
        ("x-session-id", "s-1"),
    ])
    .unwrap();
    let (scope, counts) = refused(|| Scope::extract(&map, Key::ALL));
    assert_eq!(
        scope.ids().iter().collect::<Vec<_>>(),
        [(Key::Session, "s-1")]
    );
    let family = "throughline_ids_rejected_total";
    assert_eq!(
        counts,
        [
            (format!("{family} job_id bad_character"), 1),
            (format!("{family} request_id repeated"), 1),
        ]
    );
}

#[test]
fn an_id_in_scope_replaces_every_copied_one() {
    let mut map = headers(&[("x-request-id", "old"), ("x-request-id", "older")]).unwrap();
    scope(1).inject(&mut map);
    assert_eq!(text(&map, "x-request-id"), Some("r-1"));
}

#[test]
fn parts_can_be_exchanged_one_by_one() {
    let ids = scope(1).with_context(Context::new());
    assert!(!ids.context().has_active_span());
    assert_eq!(ids.ids().text(Key::Request), Some("r-1"));
    let trace = scope(1).with_ids(Ids::empty());
    assert!(trace.context().has_active_span());
    assert!(trace.ids().is_empty());
    let both = Scope::new(trace.context().clone(), ids.ids().clone());
    both.run(|| assert_eq!(seen(), Some(1)));
}

#[test]
fn nested_scopes_are_restored_also_by_a_panic() {
    assert_eq!(seen(), None);
    scope(1).run(|| {
        let unwound = catch_unwind(|| {
            scope(2).run(|| {
                assert_eq!(seen(), Some(2));
                panic!("on purpose");
            })
        });
        assert!(unwound.is_err());
        assert_eq!(seen(), Some(1));
        assert_eq!(Scope::current().ids(), scope(1).ids());
    });
    assert_eq!(seen(), None);
}

#[test]
fn a_panic_in_a_poll_leaves_the_scope() {
    let mut future = Box::pin(scope(1).around(async { panic!("on purpose") }));
    assert!(catch_unwind(AssertUnwindSafe(|| (&mut future).now_or_never())).is_err());
    assert_eq!(seen(), None);
}

struct SeenInDrop(Arc<Mutex<Vec<Option<u8>>>>);

impl Drop for SeenInDrop {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(seen());
    }
}

#[test]
fn what_is_dropped_with_its_future_sees_the_scope() {
    let log = Arc::new(Mutex::new(Vec::new()));
    for (n, polled) in [(1, false), (2, true)] {
        let held = SeenInDrop(Arc::clone(&log));
        let mut future = Box::pin(scope(n).around(async move {
            let _held = held;
            pending::<()>().await;
        }));
        if polled {
            assert!((&mut future).now_or_never().is_none());
            assert_eq!(seen(), None, "between polls nothing is in scope");
        }
        scope(9).run(|| drop(future));
    }
    assert_eq!(*log.lock().unwrap(), [Some(1), Some(2)]);
    assert_eq!(seen(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_on_many_threads_keep_their_own_scopes() {
    let start = Arc::new(tokio::sync::Barrier::new(100));
    let tasks: Vec<_> = (1..=100)
        .map(|n| {
            let start = Arc::clone(&start);
            tokio::spawn(scope(n).around(async move {
                start.wait().await;
                for _ in 0..50 {
                    assert_eq!(seen(), Some(n));
                    let inner = async {
                        tokio::task::yield_now().await;
                        assert_eq!(seen(), Some(n + 100));
                    };
                    scope(n + 100).around(inner).await;
                    tokio::task::yield_now().await;
                }
            }))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(seen(), None);
}
