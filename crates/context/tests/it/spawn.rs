//! Tasks and threads that keep the scope.

use throughline_context::{spawn, spawn_blocking};

use crate::scope::{scope, seen};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spawned_task_keeps_trace_and_ids() {
    let work = scope(1).around(async {
        let task = spawn(async {
            tokio::task::yield_now().await;
            // And so does what it spawns itself.
            spawn(async { seen() }).await.unwrap()
        });
        let plain = tokio::spawn(async { seen() });
        (task.await.unwrap(), plain.await.unwrap())
    });
    assert_eq!(work.await, (Some(1), None));
    assert_eq!(spawn(async { seen() }).await.unwrap(), None);
}

#[tokio::test]
async fn a_task_keeps_the_scope_of_its_start_when_that_is_over() {
    let (go, wait) = tokio::sync::oneshot::channel();
    let task = scope(1).run(|| {
        spawn(async move {
            wait.await.unwrap();
            seen()
        })
    });
    assert_eq!(seen(), None);
    go.send(()).unwrap();
    assert_eq!(task.await.unwrap(), Some(1));
}

#[tokio::test]
async fn blocking_work_keeps_trace_and_ids_and_leaves_none_on_its_thread() {
    for n in 1..20 {
        let inside = scope(n).run(|| spawn_blocking(seen)).await.unwrap();
        assert_eq!(inside, Some(n));
        // The pool uses its threads again.
        assert_eq!(tokio::task::spawn_blocking(seen).await.unwrap(), None);
    }
}

#[tokio::test]
async fn blocking_work_that_panics_leaves_none_on_its_thread() {
    let panicked = scope(1)
        .run(|| spawn_blocking(|| panic!("on purpose")))
        .await;
    assert!(panicked.unwrap_err().is_panic());
    assert_eq!(tokio::task::spawn_blocking(seen).await.unwrap(), None);
}
