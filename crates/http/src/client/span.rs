//! The concern *trace*: one client span a request, by OpenTelemetry's HTTP conventions 1.44.
//!
//! Nothing that is meant for the far end alone is recorded: no header, no query, no user and no
//! password of the URL.

use std::borrow::Cow;

use http::{Request, Uri};
use opentelemetry::{
    Context, KeyValue,
    trace::{Span, SpanBuilder, SpanKind, Status, TraceContextExt},
};
use throughline_completion::Completion;
use throughline_context::activate;

use super::{error, layer::Shared};
use crate::{
    exchange::Exchange,
    labels::Outcome,
    span::{Spoken, template},
};

/// Whether the URL is recorded with its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Shown,
    Hidden,
}

/// Opens the client span under `parent` and returns the context that it is active in.
///
/// What samplers are shown at the start is without text of the request's own, which is written to
/// spans that are recorded only.
pub(super) fn open<B>(
    shared: &Shared,
    parent: &Context,
    request: &Request<B>,
    exchange: &Exchange,
) -> Context {
    let uri = request.uri();
    let spoken = Spoken::of(request.method(), exchange.method());
    let mut span = shared.tracers.build(parent, || {
        // Room for what is known later: original method, address, URL, status, version and error.
        let mut attributes = Vec::with_capacity(10);
        attributes.push(KeyValue::new("http.request.method", spoken.value()));
        if let Some(port) = port(uri) {
            attributes.push(KeyValue::new("server.port", i64::from(port)));
        }
        if let Some(template) = template(exchange) {
            attributes.push(KeyValue::new("url.template", template));
        }
        SpanBuilder::from_name(spoken.name(exchange.route()))
            .with_kind(SpanKind::Client)
            .with_attributes(attributes)
    });
    if span.is_recording() {
        if spoken.is_other() {
            let original: String = request.method().as_str().chars().take(32).collect();
            span.set_attribute(KeyValue::new("http.request.method_original", original));
        }
        if let Some(host) = uri.host() {
            // An IPv6 address stands in brackets in a URI, and without them in an attribute.
            let address = host.trim_matches(['[', ']']).to_owned();
            span.set_attribute(KeyValue::new("server.address", address));
        }
        if let Some(url) = url(uri, shared.config.path) {
            span.set_attribute(KeyValue::new("url.full", url));
        }
    }
    activate(parent, span)
}

/// Writes how the exchange ended and ends the span.
pub(super) fn close(cx: &Context, exchange: &Exchange, how: &Completion<'_>) {
    let span = cx.span();
    if span.is_recording() {
        if let Some(status) = exchange.sent() {
            let status = i64::from(status);
            span.set_attribute(KeyValue::new("http.response.status_code", status));
        }
        let version = exchange.version().as_str();
        if !version.is_empty() {
            span.set_attribute(KeyValue::new("network.protocol.version", version));
        }
        if let Some(error) = error_type(exchange, how) {
            span.set_attribute(KeyValue::new("error.type", error));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// What went wrong. A caller that gave up on purpose is no error, but what it did see is.
fn error_type(exchange: &Exchange, how: &Completion<'_>) -> Option<Cow<'static, str>> {
    match (exchange.outcome(), how, exchange.status()) {
        (Outcome::Panicked, ..) => Some("panic".into()),
        (_, Completion::Failed(failure), _) => Some(error::class(failure).into()),
        (_, _, status @ 400..) => Some(status.to_string().into()),
        _ => None,
    }
}

/// The port that is called: the one that the URI tells, or its scheme's.
fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or(match uri.scheme_str() {
        Some("http" | "ws") => Some(80),
        Some("https" | "wss") => Some(443),
        _ => None,
    })
}

/// The absolute URL without user, password and query; none if the request does not tell it.
fn url(uri: &Uri, path: Path) -> Option<String> {
    let (scheme, host) = (uri.scheme_str()?, uri.host()?);
    let mut url = format!("{scheme}://{host}");
    if let Some(port) = uri.port() {
        url.extend([":", port.as_str()]);
    }
    if path == Path::Shown {
        url.push_str(uri.path());
    }
    Some(url)
}
