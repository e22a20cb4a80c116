//! Putting a schema together, and what can be wrong with one.

use std::{borrow::Cow, sync::Arc};

use throughline_correlation::{Key, names_a_secret};

use super::{Field, LevelCase, Plan, Precision, Schema, Source};
use crate::{error::ConfigError, line::MAX_LINE};

/// The most bytes of a key, of a field's name and of the service's name.
const MAX_NAME: usize = 64;

/// The keys that the end of a line writes.
const COUNTS: [&str; 2] = ["truncated", "redacted"];

/// Keys that a field of the application never has, whatever the schema writes.
const RESERVED: [&str; 5] = ["timestamp", "level", "message", "trace_id", "span_id"];

/// Puts a [`Schema`] together; see there.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct SchemaBuilder {
    service: Option<Cow<'static, str>>,
    fields: Vec<Field>,
    allowed: Vec<Cow<'static, str>>,
}

impl SchemaBuilder {
    /// The name of the service, for [`Field::service`].
    pub fn service(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The next field of the line. Without any, the line has the fields of [`Schema::new`].
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// The next fields of the line.
    pub fn fields(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// Further fields of the application that may be written. They stand in this order at the end of
    /// the line, or in [`Field::context`]. All others are left out, and counted.
    pub fn allow<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.allowed.extend(names.into_iter().map(Into::into));
        self
    }

    /// Checks the schema.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the field: a secret, a reserved name, one that comes twice, a
    /// service that is missing, or more fields than a line can hold.
    pub fn build(self) -> Result<Schema, ConfigError> {
        let mut fields = self.fields;
        if fields.is_empty() {
            fields.extend(standard());
        }
        for field in followers() {
            if !fields
                .iter()
                .any(|other| other.source.is_like(&field.source))
            {
                fields.push(field);
            }
        }
        let service = self.service.as_deref();
        if let Some(name) = service {
            check_length(name)?;
        }
        for (i, field) in fields.iter().enumerate() {
            check_field(field, &fields[..i], service)?;
        }
        let mut allowed = Vec::new();
        for name in self.allowed {
            if is_new(&name, &fields)? && !allowed.contains(&name) {
                allowed.push(name);
            }
        }
        let plan = Plan::draw(fields, allowed, service.unwrap_or_default());
        let bytes = plan.longest();
        if MAX_LINE < bytes {
            return Err(ConfigError::TooLarge { bytes });
        }
        Ok(Schema(Arc::new(plan)))
    }
}

fn standard() -> [Field; 7] {
    [
        Field::timestamp(Precision::Micros),
        Field::level(LevelCase::Upper),
        Field::target(),
        Field::service(),
        Field::message(),
        Field::trace_id(),
        Field::span_id(),
    ]
}

/// The fields that follow those of the schema wherever they have a value.
fn followers() -> impl Iterator<Item = Field> {
    let ids = Key::ALL.into_iter().map(Field::id);
    ids.chain([
        Field::stage(),
        Field::error(),
        Field::error_kind(),
        Field::root_cause(),
    ])
}

fn check_field(field: &Field, before: &[Field], service: Option<&str>) -> Result<(), ConfigError> {
    let key = || field.key.clone().into_owned();
    check_name(&field.key)?;
    if COUNTS.contains(&&*field.key) {
        return Err(ConfigError::Reserved { name: key() });
    }
    match &field.source {
        Source::Service if service.is_none() => {
            return Err(ConfigError::MissingService { key: key() });
        }
        Source::Named(name) => {
            check_name(name)?;
            for name in [name, &field.key] {
                if is_reserved(name) || followers().any(|other| other.key == *name) {
                    return Err(ConfigError::Reserved {
                        name: name.clone().into_owned(),
                    });
                }
            }
        }
        _ => {}
    }
    if before
        .iter()
        .any(|other| other.source.is_like(&field.source))
    {
        return Err(ConfigError::DuplicateField { key: key() });
    }
    if before.iter().any(|other| other.key == field.key) {
        return Err(ConfigError::DuplicateKey { key: key() });
    }
    Ok(())
}

/// Whether an allowed name is one that the fields do not write anyway.
fn is_new(name: &str, fields: &[Field]) -> Result<bool, ConfigError> {
    check_name(name)?;
    let named = |field: &&Field| matches!(&field.source, Source::Named(other) if *other == name);
    if fields.iter().any(|field| named(&field)) || followers().any(|other| other.key == name) {
        return Ok(false);
    }
    if is_reserved(name) {
        return Err(ConfigError::Reserved { name: name.into() });
    }
    match fields.iter().find(|field| field.key == name) {
        Some(Field {
            source: Source::Named(_),
            ..
        }) => Err(ConfigError::DuplicateKey { key: name.into() }),
        Some(_) => Err(ConfigError::Reserved { name: name.into() }),
        None => Ok(true),
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || COUNTS.contains(&name)
}

fn check_length(name: &str) -> Result<(), ConfigError> {
    if name.is_empty() || MAX_NAME < name.len() {
        return Err(ConfigError::BadName { name: name.into() });
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    check_length(name)?;
    if names_a_secret(name) {
        return Err(ConfigError::Secret { name: name.into() });
    }
    Ok(())
}
