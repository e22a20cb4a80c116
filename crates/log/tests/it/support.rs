//! Lines made by a piece of work, and a strict reader for them.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use throughline_log::{Field, LogLayer, MemorySink, Schema, Writer};
use tracing_subscriber::layer::SubscriberExt;

/// Long enough for any machine; no test waits for it to pass.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The lines that `work` writes in this schema.
pub(crate) fn lines(schema: Schema, work: impl FnOnce()) -> Vec<String> {
    let sink = MemorySink::default();
    let (writer, guard) = Writer::to(sink.clone()).unwrap();
    let subscriber = tracing_subscriber::registry().with(LogLayer::new(schema, writer));
    tracing::subscriber::with_default(subscriber, work);
    let report = guard.flush(LONG);
    assert_eq!((report.dropped, report.unwritten), (0, 0));
    let text = sink.text();
    assert!(text.is_empty() || text.ends_with('\n'));
    assert_eq!(text.matches('\n').count() as u64, report.written);
    sink.lines()
}

/// The one line that `work` writes.
pub(crate) fn line(schema: Schema, work: impl FnOnce()) -> String {
    let lines = lines(schema, work);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines.into_iter().next().unwrap()
}

/// A schema with a message, and these fields allowed.
pub(crate) fn allowing<const N: usize>(names: [&'static str; N]) -> Schema {
    Schema::builder()
        .field(Field::message())
        .allow(names)
        .build()
        .unwrap()
}

/// JSON in which no object has a key twice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Strict {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Object(BTreeMap<String, Strict>),
}

impl Strict {
    pub(crate) fn parse(line: &str) -> Self {
        serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(key),
            _ => panic!("no object: {self:?}"),
        }
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            other => panic!("{key} is no text: {other:?}"),
        }
    }
}

impl From<&str> for Strict {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Strict;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what a log line may hold")
            }

            fn visit_unit<E>(self) -> Result<Strict, E> {
                Ok(Strict::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
                Ok(Strict::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
                Ok(Strict::Number(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
                Ok(Strict::Number(value as f64))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
                Ok(Strict::Number(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
                Ok(Strict::Text(value.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
                let mut object = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, Strict>()? {
                    if object.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format!("the key {key:?} comes twice")));
                    }
                }
                Ok(Strict::Object(object))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[test]
fn the_reader_finds_a_key_that_comes_twice() {
    let line = r#"{"context":{"a":1,"a":2}}"#;
    let panic = std::panic::catch_unwind(|| Strict::parse(line)).expect_err("it is refused");
    let text = panic
        .downcast_ref::<String>()
        .expect("the panic has a text");
    assert!(text.contains("comes twice"), "{text}");
}
