//! The observer: one place counts, times, lowers and ends the span.

use std::sync::Arc;

use http::{StatusCode, request::Parts};
use throughline_completion::{Completion, Next, Observer};
use throughline_context::{Scope, extract};
use throughline_correlation::Ids;

use super::layer::Config;
use crate::{
    exchange::Exchange,
    labels::{Method, Outcome},
};

/// Lives from the call to the end of the response's body.
#[derive(Debug)]
pub(crate) struct ServerObserver {
    #[cfg_attr(
        not(any(feature = "metrics", feature = "trace")),
        expect(
            dead_code,
            reason = "without a concern there is nothing to look up at the end"
        )
    )]
    config: Arc<Config>,
    scope: Scope,
    exchange: Exchange,
    #[cfg(feature = "metrics")]
    begun: Option<crate::metrics::Begun>,
}

impl ServerObserver {
    pub(super) fn begin(config: Arc<Config>, request: &Parts) -> Self {
        #[cfg(feature = "metrics")]
        let started = config.metrics.arrival();
        let exchange = Exchange::begun(Method::of(&request.method), (config.route)(request));
        let context = extract(&request.headers);
        #[cfg(feature = "trace")]
        let context = if config.trace {
            crate::span::open(&context, request, &exchange)
        } else {
            context
        };
        Self {
            #[cfg(feature = "metrics")]
            begun: started.map(|started| config.metrics.begin(started, &exchange)),
            config,
            scope: Scope::new(context, Ids::current()),
            exchange,
        }
    }

    fn end(mut self, outcome: Outcome) {
        self.exchange.ended(outcome);
        // In scope, so that whoever looks at the context while counting finds the request's.
        let _entered = self.scope.enter();
        #[cfg(feature = "metrics")]
        if let Some(begun) = &self.begun {
            self.config.metrics.end(begun, &self.exchange);
        }
        #[cfg(feature = "trace")]
        if self.config.trace {
            crate::span::close(self.scope.context(), &self.exchange);
        }
    }
}

impl Observer for ServerObserver {
    fn within<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.scope.run(f)
    }

    fn on_head(&mut self, head: &mut http::response::Parts) -> Next {
        self.exchange.head_sent(head.status.as_u16());
        #[cfg(feature = "trace")]
        if self.config.traceresponse
            && let Some(value) = crate::span::traceresponse(self.scope.context())
        {
            head.headers.insert("traceresponse", value);
        }
        if self.ends_at_its_head(head.status) {
            Next::End
        } else {
            Next::Body
        }
    }

    fn on_completion(self, how: Completion<'_>) {
        self.end(match how {
            Completion::Head | Completion::End | Completion::Trailers(_) => Outcome::Completed,
            Completion::Failed(_) => Outcome::Failed,
            Completion::Panicked(_) => Outcome::Panicked,
            // Also of endings that a later version of the observer may tell apart.
            _ => Outcome::Cancelled,
        });
    }
}

impl ServerObserver {
    /// RFC 9110, section 6.4.1: these responses have no body, and servers drop it unread.
    const fn ends_at_its_head(&self, status: StatusCode) -> bool {
        let status = status.as_u16();
        match self.exchange.method() {
            Method::Head => true,
            Method::Connect if 200 <= status && status < 300 => true,
            _ => status < 200 || status == 204 || status == 304,
        }
    }
}
