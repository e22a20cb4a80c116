//! How a piece of work ended, told also when its future is dropped or panics.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicU8, Ordering},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::labels::Outcome;

/// The outcome that a piece of work has if it is dropped now.
#[derive(Debug)]
pub(crate) struct Ended(AtomicU8);

impl Ended {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(Outcome::Abandoned as u8))
    }

    pub(crate) fn set(&self, outcome: Outcome) {
        self.0.store(outcome as u8, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Outcome {
        Outcome::ALL[usize::from(self.0.load(Ordering::Relaxed))]
    }
}

pin_project! {
    /// A future that notes how it is left: at its end as abandoned, since nobody has said yet what its
    /// end means; between two polls as cancelled; in a poll as panicked.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Watched<'a, F> {
        #[pin]
        future: F,
        ended: &'a Ended,
    }
}

impl<'a, F> Watched<'a, F> {
    pub(crate) const fn new(future: F, ended: &'a Ended) -> Self {
        Self { future, ended }
    }
}

impl<F: Future> Future for Watched<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.ended.set(Outcome::Panicked);
        let result = this.future.poll(task);
        this.ended.set(if result.is_pending() {
            Outcome::Cancelled
        } else {
            Outcome::Abandoned
        });
        result
    }
}
