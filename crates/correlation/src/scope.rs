//! Where the ids of the work at hand are found: a place of the thread, held for one poll at a time.

use std::{
    cell::RefCell,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{id::Id, ids::Ids};

thread_local! {
    static CURRENT: RefCell<Ids> = const { RefCell::new(Ids::empty()) };
}

/// Changes what is in the thread's place. A thread that is being torn down has no place any more.
fn exchange(ids: &mut Ids) {
    let _ = CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), ids));
}

#[inline]
fn exchange_stage(stage: Option<&'static str>) -> Option<&'static str> {
    let exchanged = CURRENT.try_with(|current| current.borrow_mut().exchange_stage(stage));
    exchanged.ok().flatten()
}

impl Ids {
    /// The ids in scope; empty outside any scope.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        // A thread that is being torn down has no place any more: its last drops simply see no ids.
        CURRENT
            .try_with(|current| current.borrow().clone())
            .unwrap_or_default()
    }

    /// Looks at the ids in scope.
    ///
    /// `look` gets a share of its own, so that it may enter another scope.
    pub fn with_current<R>(look: impl FnOnce(&Self) -> R) -> R {
        look(&Self::current())
    }

    /// This set over the one in scope.
    pub(crate) fn or_current(mut self) -> Self {
        let _ = CURRENT.try_with(|current| self.fill(&current.borrow()));
        self
    }

    /// Runs `f` with the set in scope, and has it back: unlike with [`Ids::run`] no share is counted.
    pub fn lend<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _lent = Lent::new(self);
        f()
    }

    /// The id of this type in scope.
    #[must_use]
    pub fn current_id<I: Id>() -> Option<I> {
        Self::with_current(Self::get)
    }

    /// Puts the set in scope until the guard is dropped.
    ///
    /// Guards are dropped in the reverse order of entering. Hold none across an `.await`: wrap the
    /// future with [`Ids::around`] instead.
    #[inline]
    pub fn enter(&self) -> Entered {
        let replaced = CURRENT.try_with(|current| {
            // Layers that stand in one another mostly enter the same set, and many requests have none.
            let is_there = current.borrow().is_same_as(self);
            (!is_there).then(|| current.replace(self.clone()))
        });
        Entered {
            before: replaced.ok().flatten(),
            not_send: PhantomData,
        }
    }

    /// Runs `f` with the set in scope.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        f()
    }

    /// Puts `stage` in scope, beside the ids that are there, until the guard is dropped.
    ///
    /// Guards are dropped in the reverse order of entering; hold none across an `.await`.
    ///
    /// ```
    /// use throughline_correlation::Ids;
    ///
    /// let outer = Ids::enter_stage("fetch");
    /// {
    ///     let _inner = Ids::enter_stage("unpack");
    ///     assert_eq!(Ids::current().stage(), Some("unpack"));
    /// }
    /// assert_eq!(Ids::current().stage(), Some("fetch"));
    /// # drop(outer);
    /// ```
    #[inline]
    pub fn enter_stage(stage: &'static str) -> EnteredStage {
        EnteredStage {
            before: exchange_stage(Some(stage)),
            not_send: PhantomData,
        }
    }

    /// A future with the set in scope at every poll and when it is dropped.
    pub const fn around<F>(self, future: F) -> InScope<F> {
        InScope {
            future: Some(future),
            ids: self,
        }
    }
}

/// Keeps a set of ids in scope; see [`Ids::enter`].
#[derive(Debug)]
#[must_use = "the ids are in scope only while the guard lives"]
pub struct Entered {
    /// What comes back; nothing where the set was in scope already.
    before: Option<Ids>,
    // The place belongs to the thread that was entered.
    not_send: PhantomData<*const ()>,
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            // What was in scope is dropped outside of the place.
            let _left = CURRENT.try_with(|current| current.replace(before));
        }
    }
}

/// Keeps a stage in scope; see [`Ids::enter_stage`].
#[derive(Debug)]
#[must_use = "the stage is in scope only while the guard lives"]
pub struct EnteredStage {
    before: Option<&'static str>,
    // The place belongs to the thread that was entered.
    not_send: PhantomData<*const ()>,
}

impl Drop for EnteredStage {
    #[inline]
    fn drop(&mut self) {
        exchange_stage(self.before);
    }
}

/// Lends a future's own set to the thread for one poll: the two places change their contents, and no
/// share is counted.
struct Lent<'a>(&'a mut Ids);

impl<'a> Lent<'a> {
    fn new(ids: &'a mut Ids) -> Self {
        exchange(ids);
        Self(ids)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        exchange(self.0);
    }
}

pin_project! {
    /// A future with ids in scope; see [`Ids::around`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InScope<F> {
        #[pin]
        future: Option<F>,
        ids: Ids,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // One that has ended was dropped then.
            if this.future.is_some() {
                let _lent = Lent::new(this.ids);
                this.future.set(None);
            }
        }
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _lent = Lent::new(this.ids);
        let result = this
            .future
            .as_mut()
            .as_pin_mut()
            .expect("the future is not polled after its end")
            .poll(cx);
        if result.is_ready() {
            this.future.set(None);
        }
        result
    }
}
