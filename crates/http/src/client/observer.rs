//! The observer: one place counts, times, lowers and ends the span.

use std::sync::Arc;

use bytes::Buf;
use http::{Request, response::Parts};
use opentelemetry::Context;
use throughline_completion::{Completion, Next, Observer};
#[cfg(feature = "trace")]
use throughline_context::{Concern, Switch};
use throughline_context::{Entered, Scope};

use super::{RouteTemplate, layer::Shared};
use crate::{
    exchange::{Exchange, Unsent},
    labels::{Method, Outcome, Route},
    wire_labels::{ProtocolVersion, Scheme},
};

/// Lives from the call to the end of the response's body.
#[derive(Debug)]
pub(crate) struct ClientObserver {
    #[cfg_attr(
        not(feature = "metrics"),
        expect(
            dead_code,
            reason = "without a concern there is nothing to look up at the end"
        )
    )]
    shared: Arc<Shared>,
    scope: Scope,
    exchange: Exchange,
    #[cfg(feature = "metrics")]
    begun: Option<crate::metrics::Begun>,
    /// Whether the far end's word counts that it has told an error.
    #[cfg(feature = "fault")]
    is_ours: bool,
    /// Whether the span in scope is the call's own.
    #[cfg(feature = "trace")]
    is_traced: bool,
}

impl ClientObserver {
    pub(super) fn begin<B>(shared: Arc<Shared>, request: &Request<B>) -> Self {
        let config = &shared.config;
        #[cfg(feature = "metrics")]
        let started = config.metrics.arrival();
        let template = request.extensions().get::<RouteTemplate>();
        let route = template.map_or_else(Route::unmatched, |route| Route::of(route.as_str()));
        let scheme = Scheme::told(request.uri()).unwrap_or(Scheme::Http);
        let exchange = Exchange::calling(config.target, Method::of(request.method()), route)
            .by(scheme, ProtocolVersion::UNKNOWN);
        let scope = Scope::current();
        #[cfg(feature = "trace")]
        let is_traced = config.trace && Switch::global().is_on(Concern::Spans);
        #[cfg(feature = "trace")]
        let scope = if is_traced {
            let context = super::span::open(&shared, scope.context(), request, &exchange);
            scope.with_context(context)
        } else {
            scope
        };
        Self {
            scope,
            // The last: from here on the observer lowers it.
            #[cfg(feature = "metrics")]
            begun: started.map(|started| config.metrics.begin(started, &exchange)),
            #[cfg(feature = "fault")]
            is_ours: config.peers.has(request.uri()),
            #[cfg(feature = "trace")]
            is_traced,
            exchange,
            shared,
        }
    }

    pub(super) const fn context(&self) -> &Context {
        self.scope.context()
    }
}

impl Observer for ClientObserver {
    type Entered = Entered;

    fn enter(&self) -> Entered {
        self.scope.enter()
    }

    fn on_head(&mut self, head: &mut Parts) -> Next {
        let status = head.status.as_u16();
        self.exchange.head_sent(status);
        self.exchange.answered_by(ProtocolVersion::of(head.version));
        #[cfg(feature = "fault")]
        self.exchange
            .told(crate::fault::receive(head, self.is_ours));
        if self.exchange.ends_at_its_head(status) {
            Next::End
        } else {
            Next::Body
        }
    }

    fn on_data(&mut self, data: &impl Buf) {
        self.exchange.response_grows_by(data.remaining() as u64);
    }

    fn on_completion(mut self, how: Completion<'_>) {
        let outcome = match how {
            Completion::Head | Completion::End | Completion::Trailers(_) => Outcome::Completed,
            Completion::Failed(_) => Outcome::Failed,
            Completion::Panicked(_) => Outcome::Panicked,
            // Also of endings that a later version of the observer may tell apart.
            _ => Outcome::Cancelled,
        };
        self.exchange.ended(outcome, &Unsent::NO_RESPONSE);
        #[cfg(feature = "metrics")]
        if let Some(begun) = &self.begun {
            self.shared.config.metrics.end(begun, &self.exchange);
        }
        #[cfg(feature = "trace")]
        if self.is_traced {
            super::span::close(self.scope.context(), &self.exchange, &how);
        }
    }
}
