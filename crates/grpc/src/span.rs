//! The concern *trace*: one span a call and side, by OpenTelemetry's RPC conventions 1.44.
//!
//! No metadata and no status message is recorded: both are the caller's text.

use std::borrow::Cow;

use opentelemetry::{
    Context, KeyValue, global,
    trace::{SpanKind, Status, TraceContextExt, Tracer},
};

use crate::{
    call::Call,
    code::Code,
    labels::Outcome,
    layer::{Side, Target},
    method::Named,
};

const METHOD: &str = "rpc.method";

/// Opens the call's span under `parent` and returns the context that it is active in.
pub(crate) fn open(
    parent: &Context,
    side: Side,
    named: &Named,
    target: Option<&Target>,
) -> Context {
    // Taken late: a tracer that was taken before the provider is set does nothing for ever.
    let tracer = global::tracer("throughline-grpc");
    let mut attributes = Vec::with_capacity(6);
    attributes.push(KeyValue::new("rpc.system.name", "grpc"));
    let name: Cow<'static, str> = match (side, named) {
        (_, Named::Known(method)) => method.as_str().into(),
        (Side::Client, Named::Unknown(text)) => text.to_string().into(),
        // Any client can invent a name, and nobody could bound the names of spans. `close` knows.
        (Side::Server, Named::Unknown(_)) => UNRECOGNISED.into(),
    };
    if name != UNRECOGNISED {
        attributes.push(KeyValue::new(METHOD, name.clone()));
    }
    if let Some(Target { address, port }) = target {
        attributes.push(KeyValue::new("server.address", address.clone()));
        attributes.push(KeyValue::new("server.port", i64::from(*port)));
    }
    let kind = match side {
        Side::Server => SpanKind::Server,
        Side::Client => SpanKind::Client,
    };
    let builder = tracer
        .span_builder(name)
        .with_kind(kind)
        .with_attributes(attributes);
    parent.with_span(tracer.build_with_context(builder, parent))
}

/// The name of a span whose method is not recognised.
const UNRECOGNISED: &str = "grpc";

/// Writes how the call ended and ends the span.
pub(crate) fn close(cx: &Context, side: Side, call: &Call, named: &Named, handled: bool) {
    let span = cx.span();
    if span.is_recording() {
        if let (Side::Server, Named::Unknown(text)) = (side, named) {
            let text = text.to_string();
            if handled {
                span.update_name(text.clone());
                span.set_attribute(KeyValue::new(METHOD, text));
            } else {
                span.set_attribute(KeyValue::new(METHOD, "_OTHER"));
                span.set_attribute(KeyValue::new("rpc.method_original", text));
            }
        }
        let code = call.code();
        span.set_attribute(KeyValue::new("rpc.response.status_code", code.as_str()));
        if is_error(side, code) {
            span.set_attribute(KeyValue::new("error.type", error_type(call)));
            span.set_status(Status::error(""));
        }
    }
    span.end();
}

/// On a client every status but OK is an error; on a server only those that are its own fault.
fn is_error(side: Side, code: Code) -> bool {
    match side {
        Side::Server => code.is_server_error(),
        Side::Client => code != Code::Ok,
    }
}

fn error_type(call: &Call) -> &'static str {
    match call.outcome() {
        Outcome::Panicked => "panic",
        _ => call.code().as_str(),
    }
}
