//! The observer: one place counts, times, lowers and ends the span.

use std::sync::Arc;

use http::{header::CONTENT_TYPE, response::Parts};
use opentelemetry::Context;
use throughline_completion::{Completion, Failure, Next, Observer};
use throughline_context::Scope;
use throughline_correlation::Ids;

use super::{Config, Side};
use crate::{call::Call, code::Code, labels::Outcome, method::Named};

/// Lives from the call to its last message or status.
#[derive(Debug)]
pub(crate) struct CallObserver {
    config: Arc<Config>,
    scope: Scope,
    named: Named,
    call: Call,
    head: Option<Head>,
    #[cfg(feature = "metrics")]
    begun: Option<crate::metrics::Begun>,
}

/// What the head of the response said.
#[derive(Clone, Copy, Debug)]
struct Head {
    code: Option<Code>,
    http: u16,
    grpc: bool,
}

impl Head {
    fn read(head: &Parts) -> Self {
        let kind = head.headers.get(CONTENT_TYPE);
        Self {
            code: Code::read(&head.headers),
            http: head.status.as_u16(),
            grpc: kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")),
        }
    }

    /// Whether a handler must have answered. A router refuses a name that nobody serves with a
    /// status in the head, and so do interceptors, limits and the like, whichever the name.
    fn is_a_handlers(self) -> bool {
        self.grpc && self.http == 200 && matches!(self.code, None | Some(Code::Ok))
    }
}

impl CallObserver {
    pub(super) fn begin(config: Arc<Config>, parent: Context, path: &str) -> Self {
        #[cfg(feature = "metrics")]
        let started = config.metrics.arrival();
        let named = Named::read(config.side, path);
        let call = Call::begun(named.at_start(config.side));
        #[cfg(feature = "trace")]
        let parent = if config.trace {
            crate::span::open(&parent, config.side, &named, config.target.as_ref())
        } else {
            parent
        };
        Self {
            #[cfg(feature = "metrics")]
            begun: started.map(|started| config.metrics.begin(started, &call)),
            config,
            scope: Scope::new(parent, Ids::current()),
            named,
            call,
            head: None,
        }
    }

    pub(super) const fn context(&self) -> &Context {
        self.scope.context()
    }

    fn end(mut self, code: Code, outcome: Outcome) {
        let handled = self.head.is_some_and(Head::is_a_handlers);
        if handled && self.config.side == Side::Server {
            self.call.reached(self.named.learned());
        }
        self.call.ended(code, outcome);
        // In scope, so that whoever looks at the context while counting finds the call's.
        let _entered = self.scope.enter();
        #[cfg(feature = "metrics")]
        if let Some(begun) = &self.begun {
            self.config.metrics.end(begun, &self.call);
        }
        #[cfg(feature = "trace")]
        if self.config.trace {
            let (cx, side) = (self.scope.context(), self.config.side);
            crate::span::close(cx, side, &self.call, &self.named, handled);
        }
    }
}

impl Observer for CallObserver {
    fn within<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.scope.run(f)
    }

    fn on_head(&mut self, head: &mut Parts) -> Next {
        let head = Head::read(head);
        self.head = Some(head);
        // A status in the head is all that there is; tonic throws the body away unread.
        if head.code.is_some() {
            Next::End
        } else {
            Next::Body
        }
    }

    fn on_completion(self, how: Completion<'_>) {
        let (code, outcome) = self.ending(how);
        self.end(code, outcome);
    }
}

impl CallObserver {
    fn ending(&self, how: Completion<'_>) -> (Code, Outcome) {
        let absent = || {
            self.head
                .map_or(Code::Unknown, |head| Code::of_http(head.http))
        };
        match how {
            Completion::Head => {
                let code = self.head.and_then(|head| head.code);
                (code.unwrap_or_else(absent), Outcome::Completed)
            }
            Completion::Trailers(trailers) => (
                Code::read(trailers).unwrap_or_else(absent),
                Outcome::Completed,
            ),
            Completion::End => (absent(), Outcome::Completed),
            Completion::Failed(failure) => (self.failed(&failure), Outcome::Failed),
            Completion::Panicked(_) => (Code::Internal, Outcome::Panicked),
            // Also of endings that a later version of the observer may tell apart.
            _ => (Code::Cancelled, Outcome::Cancelled),
        }
    }

    /// A client that got no status from the far end could not reach it.
    #[cfg_attr(
        not(feature = "tonic"),
        expect(unused_variables, reason = "only tonic's are known")
    )]
    fn failed(&self, failure: &Failure<'_>) -> Code {
        #[cfg(feature = "tonic")]
        if let Some(status) = failure.downcast_ref::<tonic::Status>() {
            return Code::of_tonic(status.code());
        }
        match self.config.side {
            Side::Client => Code::Unavailable,
            Side::Server => Code::Unknown,
        }
    }
}
