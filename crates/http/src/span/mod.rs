//! The concern *trace*: one server span a request, by OpenTelemetry's HTTP conventions 1.44.
//!
//! Nothing that a client can fill with secrets is recorded: no header, and no query.

mod name;
mod spoken;

use std::borrow::Cow;

use http::{HeaderValue, Request};
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt},
};
use throughline_catalog::Label;
use throughline_context::{TraceParent, Tracers, activate};

pub(crate) use self::spoken::Spoken;
use crate::{
    exchange::Exchange,
    labels::{HttpLabel, Route},
    wire_labels::ErrorType,
};

/// Opens the server span under `parent` and returns the context that it is active in.
///
/// What samplers are shown at the start is static text: method, scheme and route. The rest is written
/// to spans that are recorded only; a sampler that would choose by the path can choose by the route.
pub(crate) fn open<B>(
    tracers: &Tracers,
    (parent, link): (&Context, Option<&SpanContext>),
    (request, exchange, spoken): (&Request<B>, &Exchange, &Spoken),
) -> Context {
    let mut span = tracers.build(parent, || {
        // Room for what is known later: path, version, original method, status and error.
        let mut attributes = Vec::with_capacity(8);
        attributes.push(KeyValue::new("http.request.method", spoken.value()));
        attributes.push(KeyValue::new("url.scheme", exchange.scheme().as_str()));
        if let Some(route) = template(exchange) {
            attributes.push(KeyValue::new("http.route", route));
        }
        let builder = SpanBuilder::from_name(spoken.name(exchange.route()))
            .with_kind(SpanKind::Server)
            .with_attributes(attributes);
        match link {
            Some(caller) => builder.with_links(vec![Link::with_context(caller.clone())]),
            None => builder,
        }
    });
    if span.is_recording() {
        let version = exchange.version().as_str();
        if !version.is_empty() {
            span.set_attribute(KeyValue::new("network.protocol.version", version));
        }
        if spoken.is_other() {
            let original: String = request.method().as_str().chars().take(32).collect();
            span.set_attribute(KeyValue::new("http.request.method_original", original));
        }
        // A CONNECT has none, and an empty attribute says less than a missing one.
        if !request.uri().path().is_empty() {
            span.set_attribute(KeyValue::new("url.path", request.uri().path().to_owned()));
        }
    }
    activate(parent, span)
}

/// The route became known after the span was opened.
pub(crate) fn rename(cx: &Context, exchange: &Exchange, spoken: &Spoken) {
    let span = cx.span();
    if span.is_recording()
        && let Some(route) = template(exchange)
    {
        span.update_name(spoken.name(exchange.route()));
        span.set_attribute(KeyValue::new("http.route", route));
    }
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
        span.end();
    }
}

/// The span as the value of a `traceresponse` header.
pub(crate) fn traceresponse(cx: &Context) -> Option<HeaderValue> {
    let span = cx.span();
    let span = span.span_context();
    let parent = TraceParent::new(span.trace_id(), span.span_id(), span.trace_flags())?;
    parent.with_text(|text| HeaderValue::from_str(text).ok())
}

/// The route template; none if nothing matched, or if it is one template too many for a label.
pub(crate) fn template(exchange: &Exchange) -> Option<&'static str> {
    template_of(exchange.route())
}

fn template_of(route: Route) -> Option<&'static str> {
    let is_template = route != Route::unmatched() && route != Route::OVERFLOW;
    is_template.then(|| route.as_str())
}

/// The label's text; but a code without a name is written out, since nothing here has to be bounded.
fn error_type(exchange: &Exchange) -> Option<Cow<'static, str>> {
    let class = ErrorType::read(exchange);
    match (class, exchange.sent()) {
        (ErrorType::SERVER_ERROR, Some(status)) => Some(status.to_string().into()),
        (class, _) if class.index() == 0 => None,
        (class, _) => Some(class.as_str().into()),
    }
}
