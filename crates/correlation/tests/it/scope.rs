//! The scope: what is in it, who sees it, and that it never leaks.

use std::{
    cell::RefCell,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt;
use throughline_correlation::{Ids, JobId, RequestId};

fn ids(text: &str) -> Ids {
    Ids::empty().with(&RequestId::parse(text).unwrap())
}

fn seen() -> Option<String> {
    Ids::current_id::<RequestId>().map(|id| id.to_string())
}

/// Notes the id that it sees when it is dropped.
struct SeenInDrop(Arc<Mutex<Vec<Option<String>>>>);

impl Drop for SeenInDrop {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(seen());
    }
}

#[test]
fn nested_guards_restore_what_was_there() {
    assert!(Ids::current().is_empty());
    let outer = ids("outer").enter();
    {
        let _inner = ids("inner").enter();
        assert_eq!(seen().as_deref(), Some("inner"));
        {
            let _nothing = Ids::empty().enter();
            assert_eq!(seen(), None);
        }
        assert_eq!(seen().as_deref(), Some("inner"));
    }
    assert_eq!(seen().as_deref(), Some("outer"));
    drop(outer);
    assert!(Ids::current().is_empty());
}

#[test]
fn a_scope_replaces_the_outer_one_whole() {
    Ids::empty().with(&JobId::generate()).run(|| {
        ids("r").run(|| assert_eq!(Ids::current_id::<JobId>(), None));
        ids("r")
            .or(&Ids::current())
            .run(|| assert!(Ids::current_id::<JobId>().is_some()));
    });
}

#[test]
fn a_panic_leaves_the_scope() {
    ids("outer").run(|| {
        let unwound = catch_unwind(|| ids("inner").run(|| panic!("on purpose")));
        assert!(unwound.is_err());
        assert_eq!(seen().as_deref(), Some("outer"));
    });
    assert_eq!(seen(), None);
}

#[test]
fn a_panic_in_a_poll_leaves_the_scope() {
    let mut future = Box::pin(ids("r").around(async { panic!("on purpose") }));
    let unwound = catch_unwind(AssertUnwindSafe(|| (&mut future).now_or_never()));
    assert!(unwound.is_err());
    assert_eq!(seen(), None);
    drop(future);
    assert_eq!(seen(), None);
}

#[test]
fn a_look_at_the_scope_may_enter_another() {
    ids("outer").run(|| {
        Ids::with_current(|current| {
            ids("inner").run(|| {
                assert_eq!(seen().as_deref(), Some("inner"));
                Ids::with_current(|inner| assert_ne!(inner, current));
            });
            assert_eq!(Ids::current(), *current);
        });
        assert_eq!(seen().as_deref(), Some("outer"));
    });
}

#[test]
fn a_future_is_in_scope_at_each_poll_and_nobody_else_is() {
    let polls = Rc::new(RefCell::new(Vec::new()));
    let note = Rc::clone(&polls);
    let mut pending_once = Some(());
    let mut future = Box::pin(ids("r").around(std::future::poll_fn(move |_| {
        note.borrow_mut().push(seen());
        if pending_once.take().is_some() {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(())
    })));
    assert_eq!(seen(), None, "making it enters nothing");
    assert!((&mut future).now_or_never().is_none());
    assert_eq!(seen(), None, "between polls nothing is in scope");
    ids("other").run(|| assert!((&mut future).now_or_never().is_some()));
    assert_eq!(seen(), None);
    assert_eq!(
        *polls.borrow(),
        [Some("r".to_owned()), Some("r".to_owned())]
    );
}

#[test]
fn what_is_dropped_with_its_future_sees_the_ids() {
    let log = Arc::new(Mutex::new(Vec::new()));

    let unpolled = SeenInDrop(Arc::clone(&log));
    drop(ids("unpolled").around(async move {
        let _unpolled = unpolled;
        pending::<()>().await;
    }));

    let held = SeenInDrop(Arc::clone(&log));
    let mut cancelled = Box::pin(ids("cancelled").around(async move {
        let _held = held;
        pending::<()>().await;
    }));
    assert!((&mut cancelled).now_or_never().is_none());
    ids("other").run(|| drop(cancelled));

    let held = SeenInDrop(Arc::clone(&log));
    ids("finished")
        .around(async move { drop(held) })
        .now_or_never()
        .unwrap();

    let seen: Vec<_> = log.lock().unwrap().iter().flatten().cloned().collect();
    assert_eq!(seen, ["unpolled", "cancelled", "finished"]);
    assert!(Ids::current().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_on_many_threads_never_see_each_others_ids() {
    let start = Arc::new(tokio::sync::Barrier::new(200));
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let mine = format!("task-{n}");
            let start = Arc::clone(&start);
            let work = {
                let mine = mine.clone();
                async move {
                    start.wait().await;
                    for turn in 0..50 {
                        assert_eq!(seen().as_deref(), Some(mine.as_str()));
                        let nested = format!("{mine}.{turn}");
                        let inner = async {
                            tokio::task::yield_now().await;
                            assert_eq!(seen().as_deref(), Some(nested.as_str()));
                        };
                        ids(&nested).around(inner).await;
                        tokio::task::yield_now().await;
                    }
                    seen()
                }
            };
            (mine.clone(), tokio::spawn(ids(&mine).around(work)))
        })
        .collect();
    // Tasks without ids run in between, on the same threads.
    let bare: Vec<_> = (0..50)
        .map(|_| {
            tokio::spawn(async {
                for _ in 0..50 {
                    assert!(Ids::current().is_empty());
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for (mine, task) in tasks {
        assert_eq!(task.await.unwrap().as_deref(), Some(mine.as_str()));
    }
    for task in bare {
        task.await.unwrap();
    }
    assert!(Ids::current().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_task_sees_its_ids_in_drop() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let held = SeenInDrop(Arc::clone(&log));
    let (started, running) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(ids("aborted").around(async move {
        let _held = held;
        started.send(()).unwrap();
        pending::<()>().await;
    }));
    running.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(*log.lock().unwrap(), [Some("aborted".to_owned())]);
}

#[test]
fn a_thread_that_ends_drops_what_it_holds_without_a_panic() {
    thread_local! {
        static LATE: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
    }
    let log = Arc::new(Mutex::new(Vec::new()));
    let held = SeenInDrop(Arc::clone(&log));
    let thread = std::thread::spawn(move || {
        // Registered first, so it may outlive the place of the ids.
        LATE.with(|late| assert!(late.borrow().is_none()));
        let future = Box::pin(ids("late").around(async move {
            let _held = held;
        }));
        LATE.with(|late| *late.borrow_mut() = Some(Box::new(future)));
    });
    thread.join().unwrap();
    assert_eq!(log.lock().unwrap().len(), 1);
}
