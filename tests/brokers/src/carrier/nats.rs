//! The headers of a NATS message.

use async_nats::HeaderMap;
use throughline_context::{Extract, Inject};

/// The headers of a message, of one that came or of one that is to be sent.
#[derive(Clone, Debug, Default)]
pub struct NatsHeaders(pub HeaderMap);

impl Extract for NatsHeaders {
    fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
        self.0.get_all(name).for_each(|value| each(value.as_ref()));
    }
}

impl Inject for NatsHeaders {
    fn set(&mut self, name: &'static str, value: &str) {
        self.0.insert(name, value);
    }

    /// The map itself cannot forget a name, and made of pairs it would keep one value of each.
    fn remove(&mut self, name: &'static str) {
        if self.0.get(name).is_none() {
            return;
        }
        for (known, values) in std::mem::take(&mut self.0).iter() {
            for value in values.iter().filter(|_| known.to_string() != name) {
                self.0.append(known.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_are_seen_and_a_name_is_forgotten_alone() {
        let mut headers = NatsHeaders::default();
        for value in ["a", "b"] {
            headers.0.append("traceparent", value);
            headers.0.append("other", value);
        }
        let seen = |headers: &NatsHeaders, name| {
            let mut values = Vec::new();
            headers.values(name, |value| values.push(value.to_vec()));
            values
        };
        assert_eq!(seen(&headers, "traceparent"), [b"a", b"b"]);
        assert_eq!(headers.only("traceparent"), None);
        Inject::remove(&mut headers, "traceparent");
        assert!(seen(&headers, "traceparent").is_empty());
        assert_eq!(seen(&headers, "other"), [b"a", b"b"]);
        headers.set("other", "c");
        assert_eq!(headers.only("other"), Some(b"c".as_slice()));
    }
}
