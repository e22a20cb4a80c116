//! The concern *trace*: one server span a request, by OpenTelemetry's HTTP conventions 1.44.
//!
//! Nothing that a client can fill with secrets is recorded: no header, and no query.

use std::borrow::Cow;

use http::{HeaderValue, Version, request::Parts};
use opentelemetry::{
    Context, KeyValue, global,
    trace::{SpanKind, Status, TraceContextExt, Tracer},
};
use throughline_context::TraceParent;

use crate::{
    exchange::Exchange,
    labels::{Method, Outcome, Route},
};

/// Opens the server span under `parent` and returns the context that it is active in.
pub(crate) fn open(parent: &Context, request: &Parts, exchange: &Exchange) -> Context {
    // Taken late: a tracer that was taken before the provider is set does nothing for ever.
    let tracer = global::tracer("throughline-http");
    let method = exchange.method();
    let mut attributes = Vec::with_capacity(8);
    attributes.push(KeyValue::new("http.request.method", method.as_str()));
    if method == Method::Other {
        let original: String = request.method.as_str().chars().take(32).collect();
        attributes.push(KeyValue::new("http.request.method_original", original));
    }
    // A CONNECT has none, and an empty attribute says less than a missing one.
    if !request.uri.path().is_empty() {
        attributes.push(KeyValue::new("url.path", request.uri.path().to_owned()));
    }
    attributes.push(KeyValue::new("url.scheme", scheme(request)));
    if let Some(version) = version(request.version) {
        attributes.push(KeyValue::new("network.protocol.version", version));
    }
    if let Some(route) = template(exchange) {
        attributes.push(KeyValue::new("http.route", route));
    }
    let builder = tracer
        .span_builder(name(exchange))
        .with_kind(SpanKind::Server)
        .with_attributes(attributes);
    parent.with_span(tracer.build_with_context(builder, parent))
}

/// Writes how the exchange ended and ends the span.
pub(crate) fn close(cx: &Context, exchange: &Exchange) {
    let span = cx.span();
    if span.is_recording() {
        if let Some(status) = exchange.sent() {
            span.set_attribute(KeyValue::new(
                "http.response.status_code",
                i64::from(status),
            ));
        }
        if let Some(error) = error_type(exchange) {
            span.set_attribute(KeyValue::new("error.type", error));
        }
        if exchange.is_server_error() {
            span.set_status(Status::error(""));
        }
    }
    span.end();
}

/// The span as the value of a `traceresponse` header.
pub(crate) fn traceresponse(cx: &Context) -> Option<HeaderValue> {
    let span = cx.span();
    let span = span.span_context();
    let parent = TraceParent::new(span.trace_id(), span.span_id(), span.trace_flags())?;
    parent.with_text(|text| HeaderValue::from_str(text).ok())
}

/// `{method} {route}`, or the method alone; never the path, which has no bound.
fn name(exchange: &Exchange) -> Cow<'static, str> {
    let method = match exchange.method() {
        Method::Other => "HTTP",
        known => known.as_str(),
    };
    match template(exchange) {
        Some(route) => format!("{method} {route}").into(),
        None => method.into(),
    }
}

/// The route template; none if nothing matched, or if it is one template too many for a label.
fn template(exchange: &Exchange) -> Option<&'static str> {
    let route = exchange.route();
    let is_template = route != Route::unmatched() && route != Route::OVERFLOW;
    is_template.then(|| route.as_str())
}

/// A request in origin form does not say; then it is taken for plain HTTP.
fn scheme(request: &Parts) -> Cow<'static, str> {
    match request.uri.scheme_str() {
        None | Some("http") => "http".into(),
        Some("https") => "https".into(),
        Some(other) => other.to_owned().into(),
    }
}

fn error_type(exchange: &Exchange) -> Option<Cow<'static, str>> {
    match exchange.outcome() {
        Outcome::Panicked => Some("panic".into()),
        Outcome::Failed => Some("_OTHER".into()),
        // Also if the client did not wait for all of it: the status is what went wrong.
        _ if 500 <= exchange.status() => Some(exchange.status().to_string().into()),
        Outcome::Cancelled => Some("cancelled".into()),
        Outcome::Completed => None,
    }
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}
