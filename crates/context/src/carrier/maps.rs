//! Maps of strings, and lists of pairs such as the headers of a queue's message.

use std::{
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
};

use super::{Extract, Inject};

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

/// Pairs in order, of which several may have one key: the headers of a Kafka record, with values of
/// bytes, or any other list. Keys are compared as they are.
impl<K: AsRef<str>, V: AsRef<[u8]>> Extract for [(K, V)] {
    fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
        for (_, value) in self.iter().filter(|(key, _)| key.as_ref() == name) {
            each(value.as_ref());
        }
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>> Extract for Vec<(K, V)> {
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8])) {
        self.as_slice().values(name, each);
    }
}

impl<K, V> Inject for Vec<(K, V)>
where
    K: AsRef<str> + From<&'static str>,
    V: From<String>,
{
    fn set(&mut self, name: &'static str, value: &str) {
        Inject::remove(self, name);
        self.push((name.into(), value.to_owned().into()));
    }

    fn remove(&mut self, name: &'static str) {
        self.retain(|(key, _)| key.as_ref() != name);
    }
}
