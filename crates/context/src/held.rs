//! All that is current where work is handed on.

use std::{
    future::Future,
    pin::Pin,
    task::{Context as Task, Poll},
};

use pin_project_lite::pin_project;

use crate::scope::Scope;

/// The scope, and with the feature `tracing` the current span.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    scope: Scope,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Held {
    pub(crate) fn current() -> Self {
        Self {
            scope: Scope::current(),
            #[cfg(feature = "tracing")]
            span: tracing::Span::current(),
        }
    }

    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _scope = self.scope.enter();
        // Inside the scope: a bridge to OpenTelemetry makes the span's own context current.
        #[cfg(feature = "tracing")]
        let _span = self.span.enter();
        f()
    }

    pub(crate) const fn around<F>(self, future: F) -> InHeld<F> {
        InHeld {
            future: Some(future),
            held: self,
        }
    }
}

pin_project! {
    /// A future that is polled, and dropped, in what was current where it was made.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InHeld<F> {
        #[pin]
        future: Option<F>,
        held: Held,
    }

    impl<F> PinnedDrop for InHeld<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.held.run(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for InHeld<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.held.run(|| {
            this.future
                .as_pin_mut()
                .expect("the future is there until it is dropped")
                .poll(task)
        })
    }
}
