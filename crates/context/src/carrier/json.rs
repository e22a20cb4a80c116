//! A JSON object.

use serde_json::{Map, Value};

use super::{Extract, Inject};

/// An object with the fields of a context, such as a message's `_ctx`. An array stands for several
/// values; what is neither a string nor an array of strings is read as a malformed value.
impl Extract for Map<String, Value> {
    fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
        let mut text = |value: &'a Value| each(value.as_str().unwrap_or_default().as_bytes());
        match self.get(name) {
            None => {}
            Some(Value::Array(values)) => values.iter().for_each(text),
            Some(value) => text(value),
        }
    }
}

impl Inject for Map<String, Value> {
    fn set(&mut self, name: &'static str, value: &str) {
        self.insert(name.to_owned(), value.into());
    }

    fn remove(&mut self, name: &'static str) {
        self.remove(name);
    }
}
