//! The scope: the trace context and the ids of the work at hand, together.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context as Task, Poll},
};

use opentelemetry::{
    Context, ContextGuard,
    trace::{TraceContextExt, TraceFlags, TraceId},
};
use pin_project_lite::pin_project;
use throughline_correlation::{Ids, Key};

use crate::{
    carrier::{Extract, Inject},
    propagator::{Propagator, ids_of},
    relayed::{self, Flags},
};

/// Everything that belongs to the work at hand and travels with it: an OpenTelemetry [`Context`] and
/// the [`Ids`].
///
/// Both live in places of the thread that are held for one poll at a time. Layers, jobs and tasks
/// take a scope where the work begins, and enter it around each poll and around the drop of what
/// they run; whatever runs inside finds it by [`Scope::current`], and so do spans, log lines and
/// clients. OpenTelemetry's and this workspace's own functions see the same context.
///
/// ```
/// use throughline_context::Scope;
/// use throughline_correlation::{Ids, JobId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let id = JobId::generate();
/// let scope = Scope::current().with_ids(Ids::empty().with(&id));
/// let work = scope.around(async { Ids::current_id::<JobId>() });
/// assert_eq!(work.await, Some(id));
/// assert!(Ids::current().is_empty());
/// # }
/// ```
#[derive(Clone)]
pub struct Scope {
    context: Context,
    ids: Ids,
    /// Of the caller of the context's trace.
    flags: TraceFlags,
}

impl Scope {
    /// A scope of these parts.
    #[must_use]
    pub const fn new(context: Context, ids: Ids) -> Self {
        Self {
            context,
            ids,
            flags: TraceFlags::NOT_SAMPLED,
        }
    }

    pub(crate) fn of_caller(mut self, flags: Flags) -> Self {
        self.flags = flags.within(trace_id(&self.context)).unwrap_or_default();
        self
    }

    /// The scope of the work at hand.
    #[must_use]
    pub fn current() -> Self {
        Self::new(Context::current(), Ids::current()).of_caller(relayed::at_hand())
    }

    /// The trace context.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// The ids.
    #[must_use]
    pub const fn ids(&self) -> &Ids {
        &self.ids
    }

    /// The same ids in another trace context.
    #[must_use]
    pub fn with_context(self, context: Context) -> Self {
        let same = trace_id(&context) == trace_id(&self.context);
        Self {
            context,
            ids: self.ids,
            flags: if same {
                self.flags
            } else {
                TraceFlags::NOT_SAMPLED
            },
        }
    }

    /// The same trace context with other ids.
    #[must_use]
    pub fn with_ids(self, ids: Ids) -> Self {
        Self { ids, ..self }
    }

    /// Reads a scope from a carrier: the context, as [`extract`](crate::extract) does, and the ids of
    /// these kinds.
    ///
    /// An id that is malformed or repeated is counted and left out. Nothing else is in the scope:
    /// ids that are in scope around the call stay there.
    #[must_use]
    pub fn extract(carrier: &impl Extract, keys: impl IntoIterator<Item = Key>) -> Self {
        let context = Propagator::global().extract(carrier);
        Self::new(context, ids_of(carrier, keys))
    }

    /// Writes the scope to a carrier: the context, as [`inject`](crate::inject) does, and every id
    /// that the process's propagator carries.
    ///
    /// An id that is not in the scope is left as the carrier has it.
    pub fn inject(&self, carrier: &mut impl Inject) {
        Propagator::global().inject_scope(self, carrier);
    }

    /// Enters the scope until the guard is dropped.
    ///
    /// Guards are dropped in the reverse order of entering. Hold none across an `.await`: wrap the
    /// future with [`Scope::around`] instead.
    #[inline]
    pub fn enter(&self) -> Entered {
        Entered {
            _ids: self.ids.enter(),
            _context: self.context.clone().attach(),
            _flags: Flagged::enter(&self.context, self.flags),
        }
    }

    /// Runs `f` in the scope.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        f()
    }

    /// A future that is polled, and dropped, in the scope.
    pub const fn around<F>(self, future: F) -> InScope<F> {
        InScope {
            future: Some(future),
            scope: self,
        }
    }
}

fn trace_id(context: &Context) -> TraceId {
    context.span().span_context().trace_id()
}

impl Default for Scope {
    fn default() -> Self {
        Self::new(Context::new(), Ids::empty())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.context.span();
        let span = span.span_context();
        f.debug_struct("Scope")
            .field("trace_id", &span.trace_id())
            .field("span_id", &span.span_id())
            .field("ids", &self.ids)
            .finish_non_exhaustive()
    }
}

/// Keeps a scope entered; see [`Scope::enter`].
#[must_use = "the scope is entered only while the guard lives"]
pub struct Entered {
    // Dropped in this order, the reverse of entering.
    _flags: Flagged,
    _context: ContextGuard,
    _ids: throughline_correlation::Entered,
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

/// Keeps a caller's flags at hand.
struct Flagged(Option<Flags>);

impl Flagged {
    /// A scope without any leaves what is at hand: it counts for another trace.
    #[inline]
    fn enter(context: &Context, flags: TraceFlags) -> Self {
        if flags == TraceFlags::NOT_SAMPLED {
            return Self(None);
        }
        Self(Some(relayed::replace(Flags::new(trace_id(context), flags))))
    }
}

impl Drop for Flagged {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.0 {
            relayed::replace(before);
        }
    }
}

pin_project! {
    /// A future in a scope; see [`Scope::around`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InScope<F> {
        #[pin]
        future: Option<F>,
        scope: Scope,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.scope.enter();
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.scope.enter();
        this.future
            .as_pin_mut()
            .expect("the future is there until it is dropped")
            .poll(task)
    }
}
