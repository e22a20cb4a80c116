//! The headers of an AMQP message.

use std::collections::BTreeMap;

use lapin::types::{AMQPValue, FieldTable, ShortString};
use throughline_context::{Extract, Inject};

/// The headers of a message that came. A context's fields are texts; a value of another kind counts as
/// malformed.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a>(pub &'a FieldTable);

impl Extract for Arrived<'_> {
    fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
        match self.0.inner().get(name) {
            None => {}
            Some(AMQPValue::LongString(text)) => each(text.as_bytes()),
            Some(AMQPValue::ShortString(text)) => each(text.as_str().as_bytes()),
            Some(_) => each(b""),
        }
    }
}

/// The headers of a message that is to be sent. A `FieldTable` is made of them; it cannot forget a field
/// itself.
#[derive(Debug, Default)]
pub struct Headers(BTreeMap<ShortString, AMQPValue>);

impl Inject for Headers {
    fn set(&mut self, name: &'static str, value: &str) {
        self.0
            .insert(name.into(), AMQPValue::LongString(value.into()));
    }

    fn remove(&mut self, name: &'static str) {
        self.0.remove(name);
    }
}

impl From<Headers> for FieldTable {
    fn from(headers: Headers) -> Self {
        headers.0.into()
    }
}

#[cfg(test)]
mod tests {
    use throughline_job::JobContext;

    use super::*;

    #[test]
    fn a_value_that_is_no_text_is_malformed_and_not_missing() {
        let mut table = FieldTable::default();
        table.insert("a".into(), AMQPValue::LongLongInt(1));
        table.insert("b".into(), AMQPValue::ShortString("text".into()));
        let arrived = Arrived(&table);
        assert_eq!(arrived.only("a"), Some(b"".as_slice()));
        assert_eq!(arrived.only("b"), Some(b"text".as_slice()));
        assert_eq!(arrived.only("c"), None);
    }

    #[test]
    fn what_is_sent_arrives() {
        let mut headers = Headers::default();
        headers.set("x-job-attempt", "7");
        headers.set("stale", "value");
        headers.remove("stale");
        let table = FieldTable::from(headers);
        assert_eq!(table.inner().len(), 1);
        assert_eq!(JobContext::extract(&Arrived(&table)).attempt(), 7);
    }
}
