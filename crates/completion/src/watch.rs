//! The observer's way from future to body, and the flag that tells a panic from a drop.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Completion, Observer, Point};

/// Holds an observer until its response has ended, and tells it when dropped before.
//
// Its drop is what forces the bound onto the types here and in `body` and `future`.
pub(crate) struct Watch<O: Observer> {
    observer: Option<O>,
    point: Point,
    /// Set while the inner service, future or body runs. Found set in drop, it means a panic.
    ///
    /// `std::thread::panicking()` would miss a panic that somebody further out has caught before
    /// dropping us, as `CatchPanicLayer` and tokio do.
    polling: bool,
    /// Whether a reader has been told that it need not read on. A body can come to its end without
    /// a frame, as HTTP/2's do, and is then dropped unread. Atomic, as readers ask by reference.
    end_told: AtomicBool,
}

impl<O: Observer> Watch<O> {
    pub(crate) const fn new(observer: Option<O>, point: Point) -> Self {
        Self {
            observer,
            point,
            polling: false,
            end_told: AtomicBool::new(false),
        }
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.observer.is_some()
    }

    /// What is watched has come to `point`.
    pub(crate) const fn moves_on(&mut self, point: Point) {
        self.point = point;
    }

    /// Hands the observer on to what runs at `point`.
    pub(crate) const fn pass_to(&mut self, point: Point) -> Self {
        Self::new(self.observer.take(), point)
    }

    /// Enters what is to be active while something inner runs; it is left by dropping this.
    pub(crate) fn enter(&self) -> Option<O::Entered> {
        self.observer.as_ref().map(O::enter)
    }

    /// Runs something inner. A panic in it leaves the flag set.
    pub(crate) fn run<R>(&mut self, inner: impl FnOnce() -> R) -> R {
        self.polling = true;
        let result = inner();
        self.polling = false;
        result
    }

    /// Tells the observer something that is not the end, if there is one. A panic in it leaves the
    /// flag set.
    pub(crate) fn tell<R>(&mut self, told: impl FnOnce(&mut O) -> R) -> Option<R> {
        self.polling = true;
        let result = self.observer.as_mut().map(told);
        self.polling = false;
        result
    }

    /// Drops something inner, and tells the observer unless it has been told. A panic before or in
    /// that keeps the flag set.
    pub(crate) fn release(&mut self, remains: impl FnOnce()) {
        if !self.is_on() {
            return remains();
        }
        let panicked = self.polling;
        let _entered = self.enter();
        self.run(remains);
        self.polling = panicked;
        self.drop_observer();
    }

    /// A reader is told that the body is at its end.
    pub(crate) fn end_is_told(&self) {
        self.end_told.store(true, Ordering::Relaxed);
    }

    /// Tells the observer that nobody waits any more.
    fn drop_observer(&mut self) {
        let how = if self.polling {
            Completion::Panicked(self.point)
        } else if *self.end_told.get_mut() {
            Completion::End
        } else {
            Completion::Dropped(self.point)
        };
        self.complete(how);
    }

    /// Tells the observer how it ended, unless it has been told; within what it entered.
    pub(crate) fn complete(&mut self, how: Completion<'_>) {
        if let Some(observer) = self.observer.take() {
            observer.on_completion(how);
        }
    }
}

impl<O: Observer> Drop for Watch<O> {
    fn drop(&mut self) {
        // Still there where the drop of something inner panicked.
        if self.is_on() {
            let _entered = self.enter();
            self.drop_observer();
        }
    }
}
