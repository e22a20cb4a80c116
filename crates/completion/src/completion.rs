//! How a response ended, in the words that an observer is told.

use std::any::Any;
use std::fmt;

use http::HeaderMap;

/// How a response ended.
///
/// ```
/// use throughline_completion::{Completion, Point};
///
/// fn outcome(how: Completion<'_>) -> &'static str {
///     match how {
///         Completion::Head | Completion::End | Completion::Trailers(_) => "completed",
///         Completion::Failed(_) => "failed",
///         Completion::Dropped(Point::Body) => "aborted",
///         Completion::Dropped(_) => "cancelled",
///         Completion::Panicked(_) => "panicked",
///         _ => "other",
///     }
/// }
///
/// assert_eq!(outcome(Completion::End), "completed");
/// assert_eq!(outcome(Completion::Dropped(Point::Body)), "aborted");
/// assert_eq!(outcome(Completion::Dropped(Point::Future)), "cancelled");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Completion<'a> {
    /// The observer said at the head that nothing follows, with [`Next::End`](crate::Next::End).
    Head,
    /// The body ended without trailers.
    ///
    /// Told for an empty body too: one that is at its end already when the head comes.
    End,
    /// The body ended with these trailers.
    Trailers(&'a HeaderMap),
    /// The call or the body gave an error.
    Failed(Failure<'a>),
    /// Nobody waited for the end: the future or the body was dropped before it.
    ///
    /// On a server this is a client that went away, or a deadline further out that passed.
    Dropped(Point),
    /// The call, the future or the body panicked, whoever caught the panic.
    Panicked(Point),
}

/// Where a response was when it failed, was dropped or panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// In the inner service's `call`, before there was a future.
    Call,
    /// In the future, before the head had arrived.
    Future,
    /// In the body, after the head.
    Body,
}

/// The inner service's or body's error, by reference and of whatever type it has.
///
/// The error's type has to be `'static` and nothing else, so a layer that asks for its class
/// puts no bound on the services that it wraps.
///
/// ```
/// use std::io;
/// use throughline_completion::Failure;
///
/// type BoxError = Box<dyn std::error::Error + Send + Sync>;
///
/// fn is_timeout(failure: &Failure<'_>) -> bool {
///     let error = match failure.downcast_ref::<BoxError>() {
///         Some(boxed) => boxed.downcast_ref::<io::Error>(),
///         None => failure.downcast_ref::<io::Error>(),
///     };
///     error.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
/// }
///
/// # use throughline_completion::{observe, Completion, CompletionFuture, Observer};
/// # struct Check;
/// # impl Observer for Check {
/// #     type Entered = ();
/// #     fn enter(&self) {}
/// #     fn on_completion(self, how: Completion<'_>) {
/// #         assert!(matches!(how, Completion::Failed(failure) if is_timeout(&failure)));
/// #     }
/// # }
/// # type Response = http::Response<http_body_util::Empty<bytes::Bytes>>;
/// # let failing = std::future::ready(Err::<Response, BoxError>(Box::new(io::Error::from(io::ErrorKind::TimedOut))));
/// # assert!(futures_util::FutureExt::now_or_never(observe(Check, || failing)).is_some());
/// ```
#[derive(Clone, Copy)]
pub struct Failure<'a> {
    point: Point,
    error: &'a dyn Any,
}

impl<'a> Failure<'a> {
    pub(crate) fn new(point: Point, error: &'a dyn Any) -> Self {
        Self { point, error }
    }

    /// [`Point::Future`] for an error instead of a head, [`Point::Body`] for one after it.
    #[must_use]
    pub fn point(&self) -> Point {
        self.point
    }

    /// The error, as the type that the inner service or body gave it.
    #[must_use]
    pub fn error(&self) -> &'a dyn Any {
        self.error
    }

    /// The error, if the inner service's or body's error type is `T`.
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&'a T> {
        self.error.downcast_ref()
    }
}

// Written by hand because an `Any` has nothing to show, and an error's text may hold a secret.
impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { point, error: _ } = self;
        f.debug_struct("Failure")
            .field("point", point)
            .finish_non_exhaustive()
    }
}
