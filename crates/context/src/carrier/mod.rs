//! What context is read from and written to.

mod annotations;
mod environment;
mod fields;
mod headers;
#[cfg(feature = "json")]
mod json;
mod maps;

pub use self::{
    annotations::{AnnotationKeys, Annotations},
    environment::Environment,
    fields::Fields,
};

/// A carrier that context is read from.
pub trait Extract {
    /// Gives *every* value under `name` to `each`, in order. `name` is lower-case ASCII, and maps
    /// of strings are asked for it as it is: whoever fills one from headers lowers its keys.
    ///
    /// All of them, because two `traceparent`s are a different message from one.
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8]));

    /// Gives every value under each of `names` to `each`, with the place of its name among them;
    /// those of one name in order. Where values are found by walking, a carrier may find all in one
    /// walk.
    fn values_of<'a>(&'a self, names: &[&'static str], mut each: impl FnMut(usize, &'a [u8])) {
        for (place, name) in names.iter().enumerate() {
            self.values(name, |value| each(place, value));
        }
    }

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

    /// Removes all of `names`. Where most are not there, which is the rule, a carrier may know a
    /// cheaper way than to look for one after the other.
    fn remove_all(&mut self, names: &[&'static str]) {
        for name in names {
            self.remove(name);
        }
    }
}
