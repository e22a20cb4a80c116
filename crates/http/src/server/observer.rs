//! The observer: one place counts, times, lowers, tells and ends the span.

use std::sync::Arc;
#[cfg(any(feature = "metrics", feature = "access-log"))]
use std::time::Instant;

use bytes::Buf;
use http::Request;
#[cfg(any(feature = "metrics", feature = "access-log"))]
use http::{HeaderMap, Version, header};
use throughline_completion::{Completion, Next, Observer};
#[cfg(feature = "trace")]
use throughline_context::arrive_with_span;
#[cfg(any(feature = "trace", feature = "access-log"))]
use throughline_context::{Concern, Switch};
use throughline_context::{Entered, Scope, arrive};

use super::config::{Found, Shared};
#[cfg(all(feature = "access-log", not(feature = "metrics")))]
use crate::access_log::Begun;
#[cfg(feature = "metrics")]
use crate::metrics::Begun;
use crate::{
    exchange::Exchange,
    labels::{Method, Outcome},
    late::Slot,
    streams::{Streams, is_stream},
    wire_labels::{ProtocolVersion, Scheme},
};

/// Lives from the call to the end of the response's body.
///
/// It moves with the response, through every future and body around it, so it is kept small.
#[derive(Debug)]
pub(crate) struct ServerObserver {
    shared: Arc<Shared>,
    scope: Scope,
    exchange: Exchange,
    slot: Option<Arc<Slot>>,
    is_skipped: bool,
    #[cfg(any(feature = "metrics", feature = "access-log"))]
    begun: Option<Begun>,
    /// The method of the span, if there is a span.
    #[cfg(feature = "trace")]
    spoken: Option<crate::span::Spoken>,
}

impl ServerObserver {
    pub(super) fn begin<B>(shared: &Arc<Shared>, found: Found, request: &mut Request<B>) -> Self {
        let config = &shared.config;
        #[cfg(any(feature = "metrics", feature = "access-log"))]
        let started = (!found.is_skipped && config.is_timed()).then(Instant::now);
        let scheme = Scheme::told(request.uri()).unwrap_or(config.scheme);
        #[allow(unused_mut, reason = "without a concern there is no more to know")]
        let mut exchange = Exchange::begun(Method::of(request.method()), found.route)
            .by(scheme, ProtocolVersion::of(request.version()));
        #[cfg(feature = "trace")]
        let spoken = (!found.is_skipped && config.trace && Switch::global().is_on(Concern::Spans))
            .then(|| crate::span::Spoken::of(request.method(), exchange.method()));
        #[cfg(feature = "trace")]
        let scope = match &spoken {
            Some(spoken) => {
                let opened = (&*request, &exchange, spoken);
                arrive_with_span(config.trust, request.headers(), |parent, link| {
                    crate::span::open(&shared.tracers, (parent, link), opened)
                })
            }
            None => arrive(config.trust, request.headers()).into_parts().0,
        };
        #[cfg(not(feature = "trace"))]
        let (scope, _) = arrive(config.trust, request.headers()).into_parts();
        let slot = config.is_late.then(|| Slot::open(request.extensions_mut()));
        #[cfg(any(feature = "metrics", feature = "access-log"))]
        if config.wants_request_size() {
            exchange.request_is_of(declared_length(request.version(), request.headers()));
        }
        Self {
            scope,
            slot,
            is_skipped: found.is_skipped,
            // The last that can break: from here on the observer lowers the gauge.
            #[cfg(feature = "metrics")]
            begun: started.map(|started| config.metrics.begin(started, &exchange)),
            #[cfg(all(feature = "access-log", not(feature = "metrics")))]
            begun: started.map(Begun::at),
            #[cfg(feature = "trace")]
            spoken,
            exchange,
            shared: Arc::clone(shared),
        }
    }

    /// Takes over what inner layers have told by now.
    fn hear(&mut self) {
        let Some(slot) = &self.slot else { return };
        if let Some(bytes) = slot.read() {
            self.exchange.request_is_of(Some(bytes));
        }
        if let Some(route) = slot.route()
            && route != self.exchange.route()
        {
            self.exchange.routed(route);
            self.is_skipped |= self.shared.config.skips(route.as_str());
            #[cfg(feature = "trace")]
            if let Some(spoken) = &self.spoken {
                crate::span::rename(self.scope.context(), &self.exchange, spoken);
            }
        }
    }

    fn end(mut self, outcome: Outcome) {
        self.exchange.ended(outcome, &self.shared.config.unsent);
        self.hear();
        #[cfg(any(feature = "metrics", feature = "access-log"))]
        self.count();
        #[cfg(feature = "trace")]
        if self.spoken.is_some() {
            crate::span::close(self.scope.context(), &self.exchange);
        }
    }

    #[cfg(any(feature = "metrics", feature = "access-log"))]
    fn count(&self) {
        let Some(begun) = &self.begun else { return };
        if self.is_skipped {
            // Which became known late.
            #[cfg(feature = "metrics")]
            self.shared.config.metrics.lower(begun);
            return;
        }
        let took = begun.elapsed();
        let config = &self.shared.config;
        #[cfg(feature = "metrics")]
        config.metrics.end_after(begun, &self.exchange, took);
        #[cfg(feature = "access-log")]
        if let Some(log) = &config.access_log
            && Switch::global().is_on(Concern::AccessLog)
        {
            log.tell(&self.exchange, took);
        }
    }
}

impl Observer for ServerObserver {
    type Entered = Entered;

    fn enter(&self) -> Entered {
        self.scope.enter()
    }

    fn on_head(&mut self, head: &mut http::response::Parts) -> Next {
        let status = head.status.as_u16();
        let config = &self.shared.config;
        self.exchange.head_sent(status);
        #[cfg(feature = "fault")]
        self.exchange.told(crate::fault::send(head, config.trust));
        #[cfg(feature = "metrics")]
        self.exchange.said(config.readers.read(&head.extensions));
        if config.streams == Streams::Excluded && is_stream(self.exchange.method(), head) {
            self.exchange.streams();
        }
        #[cfg(feature = "metrics")]
        if config.metrics.time_to_headers.is_some() {
            self.hear();
            if let Some(begun) = &self.begun
                && !self.is_skipped
            {
                let metrics = &self.shared.config.metrics;
                metrics.head(begun, &self.exchange);
            }
        }
        #[cfg(feature = "trace")]
        if self.shared.config.traceresponse
            && self.spoken.is_some()
            && let Some(value) = crate::span::traceresponse(self.scope.context())
        {
            head.headers.insert("traceresponse", value);
        }
        if self.exchange.ends_at_its_head(status) {
            Next::End
        } else {
            Next::Body
        }
    }

    fn on_data(&mut self, data: &impl Buf) {
        self.exchange.response_grows_by(data.remaining() as u64);
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

/// The length of the request's body, if its head tells it: RFC 9112, section 6.3.
#[cfg(any(feature = "metrics", feature = "access-log"))]
fn declared_length(version: Version, headers: &HeaderMap) -> Option<u64> {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    if let Some(length) = lengths.next() {
        let is_plain = length.as_bytes().iter().all(u8::is_ascii_digit);
        let length = length.to_str().ok().filter(|_| is_plain)?;
        return length.parse().ok().filter(|_| lengths.next().is_none());
    }
    // HTTP/2 and later mark the end of a body by themselves, and may say nothing of it before.
    let is_told = version <= Version::HTTP_11;
    let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
    (is_told && !is_chunked).then_some(0)
}
