//! What context is read from and written to.

use std::{
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
};

use http::{HeaderMap, HeaderName, HeaderValue};

/// A carrier that context is read from.
pub trait Extract {
    /// Gives *every* value under `name` to `each`, in order. `name` is lower-case ASCII, and maps
    /// of strings are asked for it as it is: whoever fills one from headers lowers its keys.
    ///
    /// All of them, because two `traceparent`s are a different message from one.
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8]));

    /// The only value under `name`, or nothing if there is none or more than one.
    #[must_use]
    fn only<'a>(&'a self, name: &'static str) -> Option<&'a [u8]> {
        let (mut found, mut count) = (None, 0);
        self.values(name, |value| {
            found = Some(value);
            count += 1;
        });
        found.filter(|_| count == 1)
    }
}

/// A carrier that context is written to.
///
/// ```
/// use throughline_context::{Extract, Inject, Scope};
/// use throughline_correlation::{Ids, Key, MessageId};
///
/// /// The properties of a queue's message.
/// #[derive(Default)]
/// struct Properties(Vec<(String, String)>);
///
/// impl Inject for Properties {
///     fn set(&mut self, name: &'static str, value: &str) {
///         self.remove(name);
///         self.0.push((name.to_owned(), value.to_owned()));
///     }
///     fn remove(&mut self, name: &'static str) {
///         self.0.retain(|(key, _)| key != name);
///     }
/// }
///
/// impl Extract for Properties {
///     fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
///         for (_, value) in self.0.iter().filter(|(key, _)| key == name) {
///             each(value.as_bytes());
///         }
///     }
/// }
///
/// let sent = Scope::current().with_ids(Ids::empty().with(&MessageId::generate()));
/// let mut properties = Properties::default();
/// sent.inject(&mut properties);
/// let received = Scope::extract(&properties, [Key::Message]);
/// assert_eq!(received.ids(), sent.ids());
/// ```
pub trait Inject {
    /// Sets `name` to this one value, in place of whatever was there. Both are visible ASCII.
    fn set(&mut self, name: &'static str, value: &str);

    /// Removes `name`, so that nothing stale travels on.
    fn remove(&mut self, name: &'static str);
}

impl Extract for HeaderMap {
    fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
        for value in self.get_all(name) {
            each(value.as_bytes());
        }
    }
}

impl Inject for HeaderMap {
    fn set(&mut self, name: &'static str, value: &str) {
        // What we write is visible ASCII; anything else is not sent at all.
        match HeaderValue::from_str(value) {
            Ok(value) => drop(self.insert(HeaderName::from_static(name), value)),
            Err(_) => Inject::remove(self, name),
        }
    }

    fn remove(&mut self, name: &'static str) {
        self.remove(name);
    }
}

macro_rules! string_map {
    ([$($generics:tt)*] $map:ty) => {
        impl<$($generics)*> Extract for $map {
            fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
                if let Some(value) = self.get(name) {
                    each(value.as_bytes());
                }
            }
        }

        impl<$($generics)*> Inject for $map {
            fn set(&mut self, name: &'static str, value: &str) {
                self.insert(name.to_owned(), value.to_owned());
            }

            fn remove(&mut self, name: &'static str) {
                self.remove(name);
            }
        }
    };
}

string_map!([] BTreeMap<String, String>);
string_map!([H: BuildHasher] HashMap<String, String, H>);
