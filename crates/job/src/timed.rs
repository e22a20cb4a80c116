//! One piece of work under a span, told once how it ended, also when its future is dropped.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use throughline_context::Scope;

use crate::span::{self, Ending};

/// Runs `work` in `scope` and gives `end` its ending and how long it took.
pub(crate) async fn timed<T, E>(
    scope: Scope,
    end: impl FnOnce(Ending, Duration),
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let mut guard = Guard {
        scope,
        end: Some(end),
        started: Instant::now(),
        ending: Ending::Abandoned,
    };
    let result = guard.scope.clone().around(work).await;
    guard.ending = if result.is_ok() {
        Ending::Ok
    } else {
        Ending::Failed
    };
    result
}

struct Guard<F: FnOnce(Ending, Duration)> {
    scope: Scope,
    end: Option<F>,
    started: Instant,
    ending: Ending,
}

impl<F: FnOnce(Ending, Duration)> Drop for Guard<F> {
    fn drop(&mut self) {
        let Some(end) = self.end.take() else { return };
        let took = self.started.elapsed();
        self.scope.run(|| end(self.ending, took));
        span::close(&self.scope, self.ending);
    }
}
