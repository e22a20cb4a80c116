//! The annotations of a Kubernetes object.

use std::{
    borrow::{Borrow, BorrowMut},
    collections::BTreeMap,
    fmt,
};

use super::{Extract, Inject};
use crate::name::{BAGGAGE, TRACEPARENT, TRACESTATE};

/// Under which keys [`Annotations`] are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnnotationKeys {
    /// `traceparent`
    #[default]
    Plain,
    /// `tracing.k8s.io/traceparent`, the form that Kubernetes itself proposes. The ids have no form of
    /// that kind and stay plain.
    Kubernetes,
}

/// The annotations of a Kubernetes object, over a map of strings as its clients have it.
///
/// Both forms of a key are read, the longer first; one is written, and the other removed.
///
/// ```
/// use std::collections::BTreeMap;
/// use throughline_context::{AnnotationKeys, Annotations, extract, inject};
///
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let pod = BTreeMap::from([("tracing.k8s.io/traceparent".to_owned(), parent.to_owned())]);
/// let cx = extract(&Annotations::new(&pod));
///
/// let mut next = BTreeMap::new();
/// inject(&cx, &mut Annotations::new(&mut next).written_as(AnnotationKeys::Kubernetes));
/// assert_eq!(next, pod);
/// inject(&cx, &mut Annotations::new(&mut next));
/// assert_eq!(next.into_iter().collect::<Vec<_>>(), [("traceparent".to_owned(), parent.to_owned())]);
/// ```
#[derive(Clone, Copy)]
pub struct Annotations<M> {
    map: M,
    keys: AnnotationKeys,
}

impl<M> Annotations<M> {
    /// Annotations over `map`, which is a `BTreeMap<String, String>`, or a reference to one.
    pub const fn new(map: M) -> Self {
        Self {
            map,
            keys: AnnotationKeys::Plain,
        }
    }

    /// Chooses the keys under which they are written.
    #[must_use]
    pub fn written_as(self, keys: AnnotationKeys) -> Self {
        Self {
            map: self.map,
            keys,
        }
    }

    /// The map.
    pub fn into_inner(self) -> M {
        self.map
    }
}

/// The keys' form alone: the annotations of an object may be anything.
impl<M> fmt::Debug for Annotations<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Annotations")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl<M: Borrow<BTreeMap<String, String>>> Extract for Annotations<M> {
    fn values<'a>(&'a self, name: &'static str, mut each: impl FnMut(&'a [u8])) {
        let map: &BTreeMap<_, _> = self.map.borrow();
        let value = long(name).and_then(|long| map.get(long));
        if let Some(value) = value.or_else(|| map.get(name)) {
            each(value.as_bytes());
        }
    }
}

impl<M: BorrowMut<BTreeMap<String, String>>> Inject for Annotations<M> {
    fn set(&mut self, name: &'static str, value: &str) {
        Inject::remove(self, name);
        let key = match self.keys {
            AnnotationKeys::Plain => name,
            AnnotationKeys::Kubernetes => long(name).unwrap_or(name),
        };
        let map = self.map.borrow_mut();
        map.insert(key.to_owned(), value.to_owned());
    }

    fn remove(&mut self, name: &'static str) {
        let map = self.map.borrow_mut();
        map.remove(name);
        if let Some(long) = long(name) {
            map.remove(long);
        }
    }
}

fn long(name: &str) -> Option<&'static str> {
    match name {
        TRACEPARENT => Some("tracing.k8s.io/traceparent"),
        TRACESTATE => Some("tracing.k8s.io/tracestate"),
        BAGGAGE => Some("tracing.k8s.io/baggage"),
        _ => None,
    }
}
