//! A span as it came over the wire, with its resource and scope beside it.

use std::collections::BTreeMap;
use std::fmt;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1 as wire;
use serde::Serialize;
use serde_json::Value;

/// Attributes by name, as JSON values.
pub(super) type Attributes = BTreeMap<String, Value>;

/// One span. Ids are lower-case hex, times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Span {
    /// The resource's `service.name`, or empty.
    pub service: String,
    /// All attributes of the resource.
    pub resource: Attributes,
    /// The name of the instrumentation scope.
    pub scope: String,
    /// The span's name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its trace, 32 digits.
    pub trace_id: String,
    /// Its own id, 16 digits.
    pub span_id: String,
    /// Its parent, 16 digits; `None` for the root.
    pub parent_id: Option<String>,
    /// The trace state as it was sent.
    pub trace_state: String,
    /// The W3C flags and the OTLP bits above them (bit 9: the parent is remote).
    pub flags: u32,
    /// When it began.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its events.
    pub events: Vec<Event>,
    /// Its links.
    pub links: Vec<Link>,
    /// How it ended.
    pub status: Status,
}

/// What side of a call a span is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// Not said.
    Unspecified,
    /// Within a process.
    Internal,
    /// Serves a request.
    Server,
    /// Makes a request.
    Client,
    /// Puts a message into a queue.
    Producer,
    /// Takes a message out of a queue.
    Consumer,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        })
    }
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// When it happened.
    pub time_ns: u64,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A reference to another span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// That span's trace.
    pub trace_id: String,
    /// That span.
    pub span_id: String,
}

/// How a span ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing was said.
    Unset,
    /// Said to be well.
    Ok,
    /// Failed, with a description that may be empty.
    Error(String),
}

impl Span {
    /// An attribute that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }

    /// Whether it ended in error.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self.status, Status::Error(_))
    }
}

pub(super) fn read(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for group in request.resource_spans {
        let resource = attributes(group.resource.unwrap_or_default().attributes);
        let name = resource
            .get("service.name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        for scoped in group.scope_spans {
            let scope = scoped.scope.unwrap_or_default().name;
            spans.extend(
                scoped
                    .spans
                    .into_iter()
                    .map(|raw| span(raw, name, &resource, &scope)),
            );
        }
    }
    spans
}

fn span(raw: wire::Span, service: &str, resource: &Attributes, scope: &str) -> Span {
    Span {
        service: service.to_owned(),
        resource: resource.clone(),
        scope: scope.to_owned(),
        kind: match raw.kind() {
            wire::span::SpanKind::Unspecified => Kind::Unspecified,
            wire::span::SpanKind::Internal => Kind::Internal,
            wire::span::SpanKind::Server => Kind::Server,
            wire::span::SpanKind::Client => Kind::Client,
            wire::span::SpanKind::Producer => Kind::Producer,
            wire::span::SpanKind::Consumer => Kind::Consumer,
        },
        trace_id: hex(&raw.trace_id),
        span_id: hex(&raw.span_id),
        // An absent id is empty on the wire; some senders write zeros.
        parent_id: raw
            .parent_span_id
            .iter()
            .any(|byte| *byte != 0)
            .then(|| hex(&raw.parent_span_id)),
        trace_state: raw.trace_state,
        flags: raw.flags,
        start_ns: raw.start_time_unix_nano,
        end_ns: raw.end_time_unix_nano,
        attributes: attributes(raw.attributes),
        events: raw
            .events
            .into_iter()
            .map(|event| Event {
                name: event.name,
                time_ns: event.time_unix_nano,
                attributes: attributes(event.attributes),
            })
            .collect(),
        links: raw
            .links
            .iter()
            .map(|link| Link {
                trace_id: hex(&link.trace_id),
                span_id: hex(&link.span_id),
            })
            .collect(),
        status: raw
            .status
            .map_or(Status::Unset, |status| match status.code() {
                wire::status::StatusCode::Unset => Status::Unset,
                wire::status::StatusCode::Ok => Status::Ok,
                wire::status::StatusCode::Error => Status::Error(status.message),
            }),
        name: raw.name,
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    pairs
        .into_iter()
        .map(|pair| (pair.key, value(pair.value)))
        .collect()
}

fn value(any: Option<AnyValue>) -> Value {
    use any_value::Value as Any;
    match any.and_then(|any| any.value) {
        None => Value::Null,
        Some(Any::StringValue(text)) => Value::String(text),
        Some(Any::BoolValue(yes)) => Value::Bool(yes),
        Some(Any::IntValue(number)) => number.into(),
        Some(Any::DoubleValue(number)) => number.into(),
        Some(Any::BytesValue(bytes)) => Value::String(hex(&bytes)),
        Some(Any::ArrayValue(list)) => list
            .values
            .into_iter()
            .map(|one| value(Some(one)))
            .collect(),
        Some(Any::KvlistValue(list)) => {
            Value::Object(attributes(list.values).into_iter().collect())
        }
        // A reference into a table of strings, which is for profiles; told rather than hidden.
        #[allow(unreachable_patterns)]
        Some(other) => Value::String(format!("{other:?}")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
