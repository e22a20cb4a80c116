//! Header maps, and the metadata of gRPC, which is one.

use http::{HeaderMap, HeaderName, HeaderValue, header::GetAll};

use super::{Extract, Inject};
use crate::name;

impl Extract for HeaderMap {
    #[inline]
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8])) {
        match name::header(name) {
            Some(known) => each_of(self.get_all(known), each),
            None => each_of(self.get_all(name), each),
        }
    }

    /// One walk over the names, most of which already differ in length, costs less than two hashes.
    /// Inlined, so that constant names are compared without a call.
    #[inline(always)]
    fn values_of<'a>(&'a self, names: &[&'static str], mut each: impl FnMut(usize, &'a [u8])) {
        for (key, value) in self {
            let key = key.as_str();
            if let Some(place) = names.iter().position(|name| *name == key) {
                each(place, value.as_bytes());
            }
        }
    }
}

#[inline]
fn each_of<'a>(values: GetAll<'a, HeaderValue>, mut each: impl FnMut(&'a [u8])) {
    for value in values {
        each(value.as_bytes());
    }
}

impl Inject for HeaderMap {
    #[inline]
    fn set(&mut self, name: &'static str, value: &str) {
        // What we write is visible ASCII; anything else is not sent at all.
        let Ok(value) = HeaderValue::from_str(value) else {
            return Inject::remove(self, name);
        };
        match name::header(name) {
            Some(known) => self.insert(known, value),
            None => self.insert(HeaderName::from_static(name), value),
        };
    }

    #[inline]
    fn remove(&mut self, name: &'static str) {
        match name::header(name) {
            Some(known) => self.remove(known),
            None => self.remove(name),
        };
    }

    /// One walk over the names, which compares lengths, costs less than one hash.
    #[inline]
    fn remove_all(&mut self, names: &[&'static str]) {
        if self.keys().any(|key| names.contains(&key.as_str())) {
            for name in names {
                Inject::remove(self, name);
            }
        }
    }
}

/// The header map inside: tonic's own methods give values one by one and in two kinds.
#[cfg(feature = "tonic")]
impl Extract for tonic::metadata::MetadataMap {
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8])) {
        let headers: &HeaderMap = self.as_ref();
        Extract::values(headers, name, each);
    }

    fn values_of<'a>(&'a self, names: &[&'static str], each: impl FnMut(usize, &'a [u8])) {
        let headers: &HeaderMap = self.as_ref();
        headers.values_of(names, each);
    }
}

#[cfg(feature = "tonic")]
impl Inject for tonic::metadata::MetadataMap {
    fn set(&mut self, name: &'static str, value: &str) {
        let headers: &mut HeaderMap = self.as_mut();
        headers.set(name, value);
    }

    fn remove(&mut self, name: &'static str) {
        let headers: &mut HeaderMap = self.as_mut();
        Inject::remove(headers, name);
    }

    fn remove_all(&mut self, names: &[&'static str]) {
        let headers: &mut HeaderMap = self.as_mut();
        headers.remove_all(names);
    }
}
