//! A message with the scope that it was sent in.

use std::{fmt, future::Future};

use crate::{
    held::{Held, InHeld},
    scope::Scope,
};

/// A message for a channel of this process, with the scope that it was sent in, and with the feature
/// `tracing` the span.
///
/// ```
/// use throughline_context::Traced;
/// use throughline_correlation::{Ids, JobId};
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let id = JobId::parse("j-1").unwrap();
/// Ids::empty().with(&id).run(|| sender.send(Traced::new("render"))).unwrap();
///
/// let message = receiver.recv().unwrap();
/// assert!(Ids::current().is_empty());
/// message.run(|task| {
///     assert_eq!(task, "render");
///     assert_eq!(Ids::current_id::<JobId>(), Some(id));
/// });
/// ```
#[derive(Clone)]
pub struct Traced<T> {
    value: T,
    held: Held,
}

impl<T> Traced<T> {
    /// The message, with what is current here.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            value,
            held: Held::current(),
        }
    }

    /// The scope that it was sent in.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        self.held.scope()
    }

    /// The message.
    #[must_use]
    pub const fn get_ref(&self) -> &T {
        &self.value
    }

    /// The message alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Works on the message in its scope.
    pub fn run<R>(self, work: impl FnOnce(T) -> R) -> R {
        let Self { value, held } = self;
        held.run(|| work(value))
    }

    /// A future that works on the message in its scope, from the call of `work` to the future's drop.
    pub fn around<F: Future>(self, work: impl FnOnce(T) -> F) -> InHeld<F> {
        let Self { value, held } = self;
        let future = held.run(|| work(value));
        held.around(future)
    }
}

impl<T: fmt::Debug> fmt::Debug for Traced<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("value", &self.value)
            .field("scope", self.scope())
            .finish_non_exhaustive()
    }
}
