//! Tasks that keep the scope. `tokio::spawn` alone loses trace and ids.

use std::future::Future;

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::held::Held;

/// As [`tokio::spawn`], in the current scope; with the feature `tracing`, in the current span as well.
///
/// ```
/// use throughline_context::spawn;
/// use throughline_correlation::{Ids, JobId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let id = JobId::generate();
/// let task = Ids::empty().with(&id).run(|| spawn(async { Ids::current_id::<JobId>() }));
/// assert_eq!(task.await.unwrap(), Some(id));
/// # }
/// ```
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::spawn` does.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(Held::current().around(future))
}

/// As [`tokio::task::spawn_blocking`], in the current scope, and span.
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::task::spawn_blocking` does.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let held = Held::current();
    tokio::task::spawn_blocking(move || held.run(f))
}

/// As [`JoinSet::spawn`], in the current scope, and span.
///
/// ```
/// use throughline_context::spawn_in;
/// use throughline_correlation::{Ids, JobId};
/// use tokio::task::JoinSet;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let id = JobId::generate();
/// let mut tasks = JoinSet::new();
/// Ids::empty().with(&id).run(|| {
///     spawn_in(&mut tasks, async { Ids::current_id::<JobId>() });
///     spawn_in(&mut tasks, async { Ids::current_id::<JobId>() });
/// });
/// assert_eq!(tasks.join_all().await, [Some(id.clone()), Some(id)]);
/// # }
/// ```
///
/// # Panics
/// Outside of a tokio runtime, as `JoinSet::spawn` does.
#[track_caller]
pub fn spawn_in<T, F>(set: &mut JoinSet<T>, future: F) -> AbortHandle
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    set.spawn(Held::current().around(future))
}

/// As [`JoinSet::spawn_blocking`], in the current scope, and span.
///
/// # Panics
/// Outside of a tokio runtime, as `JoinSet::spawn_blocking` does.
#[track_caller]
pub fn spawn_blocking_in<T, F>(set: &mut JoinSet<T>, f: F) -> AbortHandle
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let held = Held::current();
    set.spawn_blocking(move || held.run(f))
}
