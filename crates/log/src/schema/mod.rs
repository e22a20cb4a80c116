//! What a line looks like: which fields, in which order, under which keys.

mod builder;
mod field;
mod plan;

use std::{borrow::Cow, fmt, sync::Arc};

pub use self::{
    builder::SchemaBuilder,
    field::{Field, LevelCase, Precision},
};
pub(crate) use self::{
    field::Source,
    plan::{Item, Plan, Rule, What},
};
use crate::error::ConfigError;

/// The form of a log line.
///
/// A line has the fields of the schema in the schema's order. After them come, where there are any,
/// the ids in scope that the schema does not name, `stage`, `error`, `error_kind` and `root_cause`,
/// then the allowed fields of the application, and last how many values were cut (`truncated`) and
/// how many fields were left out because nothing allows them (`redacted`).
///
/// Clones share one schema.
///
/// ```
/// use throughline_log::{ConfigError, Field, LevelCase, Precision, Schema};
///
/// let schema = Schema::builder()
///     .service("kernel")
///     .fields([
///         Field::timestamp(Precision::Millis),
///         Field::level(LevelCase::Lower),
///         Field::service().key("component"),
///         Field::trace_id().required(), // the key is there, with `null`, when there is no trace
///         Field::named("device_id"),    // a field of the application; absent when not given
///         Field::message(),
///     ])
///     .allow(["driver", "shots"])
///     .build()?;
/// assert_eq!(
///     schema.keys().take(6).collect::<Vec<_>>(),
///     ["timestamp", "level", "component", "trace_id", "device_id", "message"],
/// );
///
/// let refused = Schema::builder().service("kernel").allow(["api_key"]).build();
/// assert!(matches!(refused, Err(ConfigError::Secret { name }) if name == "api_key"));
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Schema(pub(crate) Arc<Plan>);

impl Schema {
    /// The default schema: `timestamp` in microseconds, `level` in upper case, `target`, `service`,
    /// `message`, and `trace_id` and `span_id` where there is a trace.
    ///
    /// # Errors
    /// [`ConfigError::BadName`] if the service has an empty name or one longer than 64 bytes.
    pub fn new(service: impl Into<Cow<'static, str>>) -> Result<Self, ConfigError> {
        Self::builder().service(service).build()
    }

    /// A schema to be put together.
    pub fn builder() -> SchemaBuilder {
        SchemaBuilder::default()
    }

    /// The keys that a line may have, in their order; those of a nested object follow its own.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys()).finish()
    }
}
