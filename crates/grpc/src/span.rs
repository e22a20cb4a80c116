//! The concern *trace*: one span a call and side, by OpenTelemetry's RPC conventions.
//!
//! No metadata that is not listed, and no status message unless asked for, is recorded: both are
//! somebody's text.

use std::{borrow::Cow, sync::Arc, time::Duration};

use http::{HeaderMap, Uri};
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt},
};

use throughline_context::{Tracers, activate};

use crate::{
    call::Call,
    capture::{Capture, Captured},
    conventions::{
        ATTEMPTS, Conventions, DEADLINE, ELAPSED, ERROR_TYPE, METHOD, METHOD_ORIGINAL,
        SERVER_ADDRESS, SERVER_PORT, SERVICE,
    },
    labels::Outcome,
    layer::{Side, Target},
    method::Named,
    text::Scrub,
};

/// The name of a span whose method is not recognised.
const UNRECOGNISED: &str = "grpc";

/// The longest host that is recorded: none is longer.
const MAX_HOST: usize = 255;

/// What a layer's spans are like.
#[derive(Clone, Debug)]
pub(crate) struct Spans {
    tracers: Tracers,
    pub(crate) on: bool,
    pub(crate) conventions: Conventions,
    pub(crate) capture: Option<Capture>,
    pub(crate) captured: Captured,
    pub(crate) server_address: bool,
    pub(crate) messages: Option<Scrub>,
    pub(crate) exceptions: Option<Scrub>,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            tracers: Tracers::new("throughline-grpc"),
            on: false,
            conventions: Conventions::default(),
            capture: None,
            captured: Captured::default(),
            server_address: false,
            messages: None,
            exceptions: None,
        }
    }
}

/// What the end of a call adds to its span, beside the call itself.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// The deadline and how long it took, if it was dropped.
    pub(crate) deadline: Option<(Duration, Duration)>,
    pub(crate) attempts: Option<u32>,
    pub(crate) message: Option<String>,
    pub(crate) exception: Option<String>,
}

impl Spans {
    /// Has the keys resolved; after either setter, in whichever order they are called.
    pub(crate) fn resolve(&mut self) {
        if let Some(capture) = &self.capture {
            self.captured = Captured::new(capture, self.conventions);
        }
    }

    /// Opens the call's span under `parent` and returns the context that it is active in.
    pub(crate) fn open(
        &self,
        (parent, link): (&Context, Option<&SpanContext>),
        (side, named): (Side, &Named),
        target: Option<&Target>,
        (uri, headers): (&Uri, &HeaderMap),
    ) -> Context {
        // A name without a label is not written before it is known that anybody records it; and any
        // client of a server can invent one, so there `close` does it.
        let (name, unnamed) = match named {
            Named::Known(method, _) => (method.as_str(), None),
            Named::Unknown(text) => (UNRECOGNISED, Some(text).filter(|_| side == Side::Client)),
        };
        let mut span = self.tracers.build(parent, || {
            let mut attributes = Vec::with_capacity(6);
            attributes.push(KeyValue::new(self.conventions.system(), "grpc"));
            if let Named::Known(method, _) = named {
                self.method(method.as_str().into(), |attribute| {
                    attributes.push(attribute)
                });
            }
            if let Some(Target { address, port, .. }) = target {
                attributes.push(KeyValue::new(SERVER_ADDRESS, Arc::clone(address)));
                attributes.push(KeyValue::new(SERVER_PORT, i64::from(*port)));
            }
            let kind = match side {
                Side::Server => SpanKind::Server,
                Side::Client => SpanKind::Client,
            };
            let mut builder = SpanBuilder::from_name(name).with_kind(kind);
            // Not `with_attributes`, which would look at each.
            builder.attributes = Some(attributes);
            builder.links = link.map(|caller| vec![Link::new(caller.clone(), Vec::new(), 0)]);
            builder
        });
        if span.is_recording() {
            if let Some(text) = unnamed {
                span.update_name(text.to_string());
                self.method(text.to_string().into(), |attribute| {
                    span.set_attribute(attribute)
                });
            }
            if self.server_address && side == Side::Server {
                server_address(uri, headers, |attribute| span.set_attribute(attribute));
            }
            self.captured
                .request(headers, |attribute| span.set_attribute(attribute));
        }
        activate(parent, span)
    }

    /// Writes what the response's head says.
    pub(crate) fn head(&self, cx: &Context, headers: &HeaderMap) {
        let span = cx.span();
        if span.is_recording() {
            self.captured
                .response(headers, |attribute| span.set_attribute(attribute));
        }
    }

    /// Writes how the call ended and ends the span.
    pub(crate) fn close(
        &self,
        cx: &Context,
        side: Side,
        (call, is_error): (&Call, bool),
        (named, handled): (&Named, bool),
        ending: Ending,
    ) {
        let span = cx.span();
        if span.is_recording() {
            if let (Side::Server, Named::Unknown(text)) = (side, named) {
                if handled {
                    span.update_name(text.to_string());
                    self.method(text.to_string().into(), |attribute| {
                        span.set_attribute(attribute)
                    });
                } else {
                    span.set_attribute(KeyValue::new(METHOD, "_OTHER"));
                    span.set_attribute(KeyValue::new(METHOD_ORIGINAL, text.to_string()));
                }
            }
            let code = call.code();
            let status = self.conventions.status();
            span.set_attribute(if self.conventions.is_old() {
                KeyValue::new(status, code as i64)
            } else {
                KeyValue::new(status, code.as_str())
            });
            let Ending {
                deadline,
                attempts,
                message,
                exception,
            } = ending;
            if let Some((deadline, elapsed)) = deadline {
                span.set_attribute(KeyValue::new(DEADLINE, deadline.as_secs_f64()));
                span.set_attribute(KeyValue::new(ELAPSED, elapsed.as_secs_f64()));
            }
            if let Some(attempts) = attempts {
                span.set_attribute(KeyValue::new(ATTEMPTS, i64::from(attempts)));
            }
            if let Some(text) = exception {
                let of_type = KeyValue::new("exception.type", error_type(call));
                let attributes = vec![of_type, KeyValue::new("exception.message", text)];
                span.add_event("exception", attributes);
            }
            if is_error {
                span.set_attribute(KeyValue::new(ERROR_TYPE, error_type(call)));
                span.set_status(Status::error(message.unwrap_or_default()));
            }
        }
        span.end();
    }

    /// The attributes that name the method.
    fn method(&self, full: Cow<'static, str>, mut each: impl FnMut(KeyValue)) {
        if !self.conventions.is_old() {
            return each(KeyValue::new(METHOD, full));
        }
        let (service, name) = match full {
            Cow::Borrowed(full) => {
                let (service, name) = split(full);
                (Cow::Borrowed(service), Cow::Borrowed(name))
            }
            Cow::Owned(full) => {
                let (service, name) = split(&full);
                (service.to_owned().into(), name.to_owned().into())
            }
        };
        each(KeyValue::new(SERVICE, service));
        each(KeyValue::new(METHOD, name));
    }
}

fn split(full: &str) -> (&str, &str) {
    full.rsplit_once('/').unwrap_or(("", full))
}

/// The server that the caller meant, by what it said.
fn server_address(uri: &Uri, headers: &HeaderMap, mut each: impl FnMut(KeyValue)) {
    let host = headers
        .get(http::header::HOST)
        .and_then(|host| host.to_str().ok()?.parse().ok());
    let Some(authority) = uri.authority().or(host.as_ref()) else {
        return;
    };
    let host = authority.host().trim_matches(['[', ']']);
    if host.is_empty() || MAX_HOST < host.len() {
        return;
    }
    each(KeyValue::new(SERVER_ADDRESS, host.to_owned()));
    if let Some(port) = authority.port_u16() {
        each(KeyValue::new(SERVER_PORT, i64::from(port)));
    }
}

fn error_type(call: &Call) -> &'static str {
    match call.outcome() {
        Outcome::Panicked => "panic",
        _ => call.code().as_str(),
    }
}
