//! What becomes of a call: one place counts, times, lowers, writes and ends the span.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Buf;
use http::{HeaderMap, Uri, response::Parts};
use opentelemetry::Context;
#[cfg(feature = "trace")]
use opentelemetry::trace::TraceContextExt;
use throughline_completion::{Completion, Next};
use throughline_context::Scope;

use super::{Concerns, Config, Side, attempt::Attempts, ending::Seen, head::Head};
use crate::{
    call::Call,
    messages::{Meter, Totals},
    method::Named,
    wire::{Framing, Passed, Reader, deadline, each_chunk},
};

/// What is known of a call that leaves a trace of itself.
#[derive(Debug)]
pub(super) struct Record {
    on: Concerns,
    named: Named,
    call: Call,
    head: Option<Head>,
    started: Option<Instant>,
    deadline: Option<Duration>,
    /// The caller's own deadline, which holds to the end of the stream; the server's timer stops at
    /// the head.
    asked: Option<Duration>,
    // In boxes, because they are seldom there, and the record goes from hand to hand.
    reader: Option<Box<Reader>>,
    counting: Option<Box<Counting>>,
    attempts: Option<Attempts>,
    #[cfg(feature = "metrics")]
    begun: Option<crate::metrics::Begun>,
    is_told: bool,
    #[cfg(feature = "trace")]
    texts: Option<Box<Texts>>,
}

/// The messages so far.
#[derive(Debug, Default)]
struct Counting {
    request: Arc<Totals>,
    response: Passed,
}

/// What was asked to be recorded of a failure.
#[cfg(feature = "trace")]
#[derive(Debug, Default)]
struct Texts {
    message: Option<String>,
    exception: Option<String>,
}

impl Record {
    /// Begins the record, and the scope that the call runs in.
    pub(super) fn begin(
        config: &Config,
        on: Concerns,
        (uri, headers): (&Uri, &HeaderMap),
        counts_messages: bool,
    ) -> (Self, Scope) {
        let asked = deadline::read(headers);
        let deadline = asked.into_iter().chain(config.timeout).min();
        let is_timed = deadline.is_some() || config.times(on);
        let started = is_timed.then(Instant::now);
        let named = Named::read(config, uri.path());
        let call = config.call(named.at_start(config), headers);
        #[cfg(feature = "trace")]
        let mut scope = if on.spans {
            config.scope_with_span(headers, |parent, link| {
                let (spans, target) = (&config.spans, config.target.as_ref());
                let named = (config.side, &named);
                spans.open((parent, link), named, target, (uri, headers))
            })
        } else {
            config.scope(headers)
        };
        #[cfg(not(feature = "trace"))]
        let mut scope = config.scope(headers);
        let attempts = config.attempts.then(Attempts::default);
        if let Some(attempts) = &attempts {
            let context = scope.context().with_value(attempts.clone());
            scope = scope.with_context(context);
        }
        let record = Self {
            on,
            #[cfg(feature = "metrics")]
            begun: on.metrics.then(|| config.metrics.begin(&call)),
            named,
            call,
            head: None,
            started,
            deadline,
            asked,
            reader: None,
            counting: counts_messages.then(Box::default),
            attempts,
            is_told: false,
            #[cfg(feature = "trace")]
            texts: None,
        };
        (record, scope)
    }

    pub(super) fn meter(&self, config: &Arc<Config>, framing: Framing) -> Option<Meter> {
        let counting = self.counting.as_ref()?;
        #[cfg(feature = "metrics")]
        let live = self.begun.as_ref().map(|begun| crate::messages::Live {
            config: Arc::clone(config),
            era: begun.era,
            call: self.call,
        });
        let _ = config;
        Some(Meter::new(
            Reader::new(framing),
            Arc::clone(&counting.request),
            #[cfg(feature = "metrics")]
            live,
        ))
    }

    /// The error behind the answer has been told, here or by a peer that is believed.
    pub(super) const fn told(&mut self) {
        self.is_told = true;
    }

    pub(super) fn head(&mut self, config: &Config, cx: &Context, parts: &Parts) -> Next {
        let head = Head::read(parts);
        self.head = Some(head);
        self.deadline = self.asked;
        // In gRPC-Web the status may be in the body.
        let is_read = self.counting.is_some() || head.framing != Some(Framing::Grpc);
        self.reader = head
            .framing
            .filter(|_| is_read)
            .map(|framing| Box::new(Reader::new(framing)));
        #[cfg(feature = "trace")]
        if self.on.spans {
            self.write_head(config, cx, parts);
        }
        let _ = (config, cx);
        // A status in the head is all that there is; tonic throws the body away unread.
        if head.code.is_some() {
            Next::End
        } else {
            Next::Body
        }
    }

    pub(super) fn read(&mut self, config: &Config, data: &impl Buf) {
        let Some(reader) = &mut self.reader else {
            return;
        };
        let mut passed = Passed::default();
        each_chunk(data, |data| {
            let here = reader.read(data);
            passed.messages += here.messages;
            passed.bytes += here.bytes;
        });
        let Some(counting) = self.counting.as_mut().filter(|_| passed.messages != 0) else {
            return;
        };
        counting.response.messages += passed.messages;
        counting.response.bytes += passed.bytes;
        #[cfg(feature = "metrics")]
        if let Some(begun) = &self.begun {
            config.response_flow().passed(begun.era, &self.call, passed);
        }
        let _ = config;
    }

    #[cfg(feature = "trace")]
    fn write_head(&mut self, config: &Config, cx: &Context, parts: &Parts) {
        if !cx.span().is_recording() {
            return;
        }
        let spans = &config.spans;
        spans.head(cx, &parts.headers);
        if let Some(scrub) = spans.messages {
            self.tell(crate::text::message(&parts.headers, scrub), None);
        }
        #[cfg(feature = "tonic")]
        if let Some(scrub) = spans.exceptions
            && let Some(status) = parts.extensions.get::<tonic::Status>()
            && let Some(cause) = std::error::Error::source(status)
        {
            // tonic leaves it there for whoever stands further out; it is not sent.
            self.tell(None, Some(crate::text::chain(cause, scrub)));
        }
    }

    /// Keeps a text for the span's end.
    #[cfg(feature = "trace")]
    fn tell(&mut self, message: Option<String>, exception: Option<String>) {
        if message.is_some() || exception.is_some() {
            let texts = self.texts.get_or_insert_default();
            texts.message = message.or(texts.message.take());
            texts.exception = exception.or(texts.exception.take());
        }
    }

    pub(super) fn end(&mut self, config: &Config, cx: &Context, how: Completion<'_>) {
        let took = self.started.map(|started| started.elapsed());
        let seen = Seen {
            side: config.side,
            head: self.head,
            web: self.reader.as_ref().and_then(|reader| reader.status()),
            deadline: self.deadline,
            took,
        };
        let (code, outcome) = seen.ending(how);
        let handled = self.head.is_some_and(Head::is_a_handlers);
        if handled && config.side == Side::Server && config.methods.is_none() {
            self.call.reached(self.named.learned());
        }
        self.call.ended(code, outcome);
        #[cfg(feature = "metrics")]
        self.count(config, took);
        #[cfg(feature = "access-log")]
        if self.on.access_log {
            self.log(config, took.unwrap_or_default());
        }
        #[cfg(feature = "trace")]
        if self.on.spans {
            self.close(config, cx, (how, took), handled);
        }
        let _ = cx;
    }

    #[cfg(feature = "metrics")]
    fn count(&self, config: &Config, took: Option<Duration>) {
        let Some(begun) = &self.begun else {
            return;
        };
        let (metrics, call) = (&config.metrics, &self.call);
        metrics.end(begun, took, call);
        if let Some(Counting { request, response }) = self.counting.as_deref() {
            let request = request.read();
            config.request_flow().ended(begun.era, call, request.bytes);
            config
                .response_flow()
                .ended(begun.era, call, response.bytes);
        }
        if let Some(attempts) = &self.attempts {
            metrics.retried(begun, attempts.count().saturating_sub(1), call);
        }
    }

    #[cfg(feature = "access-log")]
    fn log(&self, config: &Config, took: Duration) {
        let counted = self.counting.as_ref().map(|counting| {
            let (request, response) = (counting.request.read(), counting.response);
            match config.side {
                Side::Server => (response, request),
                Side::Client => (request, response),
            }
        });
        // Of what has been told, a line as loud as the first would be a second one.
        let is_error = config.is_error(&self.call) && !self.is_told;
        crate::access_log::write(config.side, &self.call, is_error, took, counted);
    }

    #[cfg(feature = "trace")]
    fn close(
        &mut self,
        config: &Config,
        cx: &Context,
        (how, took): (Completion<'_>, Option<Duration>),
        handled: bool,
    ) {
        let spans = &config.spans;
        let is_recorded = cx.span().is_recording();
        match how {
            Completion::Trailers(trailers) if is_recorded => {
                if let Some(scrub) = spans.messages {
                    self.tell(crate::text::message(trailers, scrub), None);
                }
            }
            Completion::Failed(failure) if is_recorded => {
                if let Some(scrub) = spans.exceptions
                    && let Some(error) = crate::wire::classify::as_error(failure.error())
                {
                    self.tell(None, Some(crate::text::chain(error, scrub)));
                }
            }
            _ => {}
        }
        let is_late = self.call.code() == crate::Code::DeadlineExceeded;
        let is_inferred = match how {
            Completion::Dropped(_) => true,
            Completion::Failed(_) => is_late,
            _ => false,
        };
        let texts = self.texts.take().map(|texts| *texts).unwrap_or_default();
        let ending = crate::span::Ending {
            deadline: self.deadline.zip(took).filter(|_| is_inferred),
            attempts: self.attempts.as_ref().map(Attempts::count),
            message: texts.message,
            exception: texts.exception,
        };
        let is_error = config.is_error(&self.call);
        let (call, named) = ((&self.call, is_error), (&self.named, handled));
        spans.close(cx, config.side, call, named, ending);
    }
}
