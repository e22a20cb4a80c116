//! Another propagator of OpenTelemetry, over our carriers.

use std::{collections::BTreeSet, sync::Mutex};

use http::HeaderName;
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
};

use super::inject::Room;
use crate::{
    carrier::{Extract, Inject},
    error::ConfigError,
    families::{LeftOut, left_out},
    name::KNOWN,
};

#[derive(Debug)]
pub(super) struct Foreign {
    propagator: Box<dyn TextMapPropagator + Send + Sync>,
    fields: Vec<&'static str>,
}

impl Foreign {
    pub(super) fn new(
        propagator: Box<dyn TextMapPropagator + Send + Sync>,
    ) -> Result<Self, ConfigError> {
        let fields: Result<_, _> = propagator.fields().map(field).collect();
        Ok(Self {
            fields: fields?,
            propagator,
        })
    }

    pub(super) fn fields(&self) -> &[&'static str] {
        &self.fields
    }

    pub(super) fn extract(&self, into: &Context, carrier: &impl Extract) -> Context {
        let fields = &self.fields;
        let extractor = Reading { carrier, fields };
        self.propagator.extract_with_context(into, &extractor)
    }

    pub(super) fn inject(&self, cx: &Context, carrier: &mut impl Inject, room: &mut Room) {
        for field in &self.fields {
            carrier.remove(field);
        }
        let fields = &self.fields;
        let mut injector = Writing {
            carrier,
            fields,
            room,
        };
        self.propagator.inject_context(cx, &mut injector);
    }
}

/// A field as a name that carriers can be asked for. There are as many as the propagators of a process
/// have, so they may stay for its life.
fn field(field: &str) -> Result<&'static str, ConfigError> {
    static FIELDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let name = HeaderName::from_bytes(field.as_bytes()).map_err(|_| ConfigError::NoFieldName {
        field: field.into(),
    })?;
    let name = name.as_str();
    if KNOWN.contains(&name) {
        return Err(ConfigError::OwnField {
            field: field.into(),
        });
    }
    let mut fields = FIELDS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = fields.get(name) {
        return Ok(known);
    }
    let kept: &'static str = Box::leak(name.into());
    fields.insert(kept);
    Ok(kept)
}

fn find(fields: &[&'static str], key: &str) -> Option<&'static str> {
    let same = |field: &&&str| field.eq_ignore_ascii_case(key);
    fields.iter().find(same).copied()
}

struct Reading<'a, C> {
    carrier: &'a C,
    fields: &'a [&'static str],
}

impl<C: Extract> Reading<'_, C> {
    fn texts(&self, key: &str) -> Vec<&str> {
        let mut texts = Vec::new();
        if let Some(name) = find(self.fields, key) {
            self.carrier.values(name, |value| {
                texts.extend(std::str::from_utf8(value));
            });
        }
        texts
    }
}

impl<C: Extract> Extractor for Reading<'_, C> {
    fn get(&self, key: &str) -> Option<&str> {
        self.texts(key).first().copied()
    }

    fn keys(&self) -> Vec<&str> {
        let has = |field: &&str| !self.texts(field).is_empty();
        self.fields.iter().copied().filter(has).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        Some(self.texts(key)).filter(|texts| !texts.is_empty())
    }
}

struct Writing<'a, C> {
    carrier: &'a mut C,
    fields: &'a [&'static str],
    room: &'a mut Room,
}

impl<C: Inject> Injector for Writing<'_, C> {
    fn set(&mut self, key: &str, value: String) {
        let sendable = value.bytes().all(|b| matches!(b, b' '..=b'~'));
        match find(self.fields, key) {
            Some(name) if sendable && self.room.take(name, &value) => {
                self.carrier.set(name, &value);
            }
            _ => left_out(LeftOut::ForeignField),
        }
    }
}
