//! Tasks that keep the scope. `tokio::spawn` alone loses trace and ids.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::scope::Scope;

/// As [`tokio::spawn`], in the current scope.
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
    tokio::spawn(Scope::current().around(future))
}

/// As [`tokio::task::spawn_blocking`], in the current scope.
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::task::spawn_blocking` does.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let scope = Scope::current();
    tokio::task::spawn_blocking(move || scope.run(f))
}
