//! One field of a line.

use std::borrow::Cow;

use throughline_correlation::Key;

/// How fine a timestamp is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precision {
    /// Three digits after the second.
    Millis,
    /// Six digits after the second.
    #[default]
    Micros,
}

/// How a level is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LevelCase {
    /// `INFO`
    #[default]
    Upper,
    /// `info`
    Lower,
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Timestamp(Precision),
    Level(LevelCase),
    Target,
    Service,
    Message,
    TraceId,
    SpanId,
    Id(Key),
    Stage,
    Error,
    ErrorKind,
    RootCause,
    File,
    Line,
    Context,
    Named(Cow<'static, str>),
}

impl Source {
    /// Whether two fields tell the same thing, however they write it.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Timestamp(_), Self::Timestamp(_)) | (Self::Level(_), Self::Level(_)) => true,
            _ => self == other,
        }
    }
}

/// One field of a [`Schema`](crate::Schema).
///
/// A *required* field is always there, with `null` when it has no value; an *optional* one is absent
/// then. Timestamp, level, target, service and message are required from the start, all others
/// optional.
///
/// ```
/// use throughline_log::{Field, Schema};
///
/// let schema = Schema::builder()
///     .fields([Field::message().key("msg"), Field::named("device_id").required()])
///     .build()?;
/// assert_eq!(schema.keys().take(2).collect::<Vec<_>>(), ["msg", "device_id"]);
/// # Ok::<(), throughline_log::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Field {
    pub(crate) key: Cow<'static, str>,
    pub(crate) source: Source,
    pub(crate) required: bool,
}

impl Field {
    const fn new(key: &'static str, source: Source, required: bool) -> Self {
        Self {
            key: Cow::Borrowed(key),
            source,
            required,
        }
    }

    /// `timestamp`: when the event happened, RFC 3339 in UTC.
    #[must_use]
    pub const fn timestamp(precision: Precision) -> Self {
        Self::new("timestamp", Source::Timestamp(precision), true)
    }

    /// `level`
    #[must_use]
    pub const fn level(case: LevelCase) -> Self {
        Self::new("level", Source::Level(case), true)
    }

    /// `target`: the module, unless the event names another. At most 128 bytes.
    #[must_use]
    pub const fn target() -> Self {
        Self::new("target", Source::Target, true)
    }

    /// `service`: the name given to [`SchemaBuilder::service`](crate::SchemaBuilder::service).
    #[must_use]
    pub const fn service() -> Self {
        Self::new("service", Source::Service, true)
    }

    /// `message`: the text of the event. At most 4,096 bytes.
    #[must_use]
    pub const fn message() -> Self {
        Self::new("message", Source::Message, true)
    }

    /// `trace_id`: of the active OpenTelemetry span, 32 hex digits.
    #[must_use]
    pub const fn trace_id() -> Self {
        Self::new("trace_id", Source::TraceId, false)
    }

    /// `span_id`: of the active OpenTelemetry span, 16 hex digits.
    #[must_use]
    pub const fn span_id() -> Self {
        Self::new("span_id", Source::SpanId, false)
    }

    /// An id: `request_id`, `job_id` and so on.
    ///
    /// The event's own field of that name comes first, then the id in scope, then a span's field;
    /// a text that is no id is left out and counted in `redacted`.
    #[must_use]
    pub const fn id(key: Key) -> Self {
        Self::new(key.field(), Source::Id(key), false)
    }

    /// `stage`: of the work in scope, or the event's own field under the rule of the ids.
    #[must_use]
    pub const fn stage() -> Self {
        Self::new("stage", Source::Stage, false)
    }

    /// `error`: the event's field of that name. At most 2,048 bytes.
    #[must_use]
    pub const fn error() -> Self {
        Self::new("error", Source::Error, false)
    }

    /// `error_kind`: the event's field of that name. At most 64 bytes.
    #[must_use]
    pub const fn error_kind() -> Self {
        Self::new("error_kind", Source::ErrorKind, false)
    }

    /// `root_cause`: the event's field of that name, or the deepest source of an `error` that was
    /// given as `&dyn Error`. At most 1,024 bytes.
    #[must_use]
    pub const fn root_cause() -> Self {
        Self::new("root_cause", Source::RootCause, false)
    }

    /// `file`: the source file of the event. At most 256 bytes.
    #[must_use]
    pub const fn file() -> Self {
        Self::new("file", Source::File, false)
    }

    /// `line`: the line in the source file.
    #[must_use]
    pub const fn line() -> Self {
        Self::new("line", Source::Line, false)
    }

    /// `context`: an object that takes the allowed fields of the application. Without it, they stand
    /// at the end of the line.
    #[must_use]
    pub const fn context() -> Self {
        Self::new("context", Source::Context, false)
    }

    /// A field of the application, from the event or the nearest span that has it. At most 1,024
    /// bytes.
    #[must_use]
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        Self {
            key: name.clone(),
            source: Source::Named(name),
            required: false,
        }
    }

    /// Writes the field under another key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.key = key.into();
        self
    }

    /// The key is always there, with `null` (a context: `{}`) when there is no value.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The key is there only with a value.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }
}
