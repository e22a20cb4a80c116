//! Messages of channels in this process, and sets of tasks.

use throughline_context::Traced;

use crate::scope::{scope, seen};

#[test]
fn a_message_takes_its_scope_through_a_channel() {
    let (sender, receiver) = std::sync::mpsc::channel();
    for n in 1..=3 {
        scope(n).run(|| sender.send(Traced::new(n)).unwrap());
    }
    drop(sender);
    let thread = std::thread::spawn(move || {
        for message in receiver {
            assert_eq!(*message.get_ref(), message.clone().into_inner());
            assert!(format!("{message:?}").contains("Scope"));
            let _: &throughline_context::Scope = message.scope();
            message.run(|n| assert_eq!(seen(), Some(n)));
            assert_eq!(seen(), None);
        }
    });
    thread.join().unwrap();
}

#[tokio::test]
async fn a_message_is_worked_on_by_a_future_in_its_scope() {
    let message = scope(1).run(|| Traced::new("render"));
    let work = message.around(|task| {
        assert_eq!(seen(), Some(1), "also while the future is made");
        async move {
            tokio::task::yield_now().await;
            (task, seen())
        }
    });
    assert_eq!(scope(2).around(work).await, ("render", Some(1)));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_set_of_tasks_keeps_the_scope_of_each() {
    use throughline_context::{spawn_blocking_in, spawn_in};

    let mut set = tokio::task::JoinSet::new();
    for n in 1..=5 {
        scope(n).run(|| spawn_in(&mut set, async move { (n, seen()) }));
        scope(n).run(|| spawn_blocking_in(&mut set, move || (n, seen())));
    }
    for (n, inside) in set.join_all().await {
        assert_eq!(inside, Some(n));
    }
}

#[cfg(all(feature = "tokio", feature = "tracing"))]
#[tokio::test]
async fn the_current_span_of_tracing_goes_along() {
    use std::{
        sync::{Arc, Mutex},
        thread::ThreadId,
    };

    use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

    /// On which threads the span was entered.
    #[derive(Clone, Default)]
    struct Entered(Arc<Mutex<Vec<ThreadId>>>);

    impl<S: tracing::Subscriber> Layer<S> for Entered {
        fn on_enter(&self, _: &tracing::Id, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.lock().unwrap().push(std::thread::current().id());
        }
    }

    let entered = Entered::default();
    let _default = tracing::subscriber::set_default(Registry::default().with(entered.clone()));
    let span = tracing::info_span!("work");
    let id = span.id().unwrap();
    let current = || tracing::Span::current().id();
    let (task, blocking, message) = span.in_scope(|| {
        let task = throughline_context::spawn(async move {
            tokio::task::yield_now().await;
            current()
        });
        let blocking = throughline_context::spawn_blocking(|| std::thread::current().id());
        (task, blocking, Traced::new(()))
    });
    assert_eq!(current(), None);
    assert_eq!(task.await.unwrap(), Some(id.clone()));
    // That thread has another subscriber; the span is entered with its own.
    let thread = blocking.await.unwrap();
    assert!(entered.0.lock().unwrap().contains(&thread));
    assert_eq!(message.run(|()| current()), Some(id));
    assert_eq!(current(), None);
}
