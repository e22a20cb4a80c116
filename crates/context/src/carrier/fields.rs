//! A context as a field of a message.

use std::{collections::BTreeMap, fmt};

use super::{Extract, Inject};

/// A context as a field of a message, `_ctx` by custom: a map of names and texts.
///
/// With the feature `serde` it is written and read with the message. Reading never makes the message
/// unreadable: in formats such as JSON a field of another type counts as malformed where the context
/// is extracted, and whatever is no map is an empty one. Mark it `#[serde(default)]`, so that messages
/// of senders that know nothing of it are read as well.
///
/// ```
/// use throughline_context::{Fields, Scope};
/// use throughline_correlation::{Ids, JobId, Key};
/// # #[cfg(all(feature = "serde", feature = "json"))]
/// # fn main() {
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Message {
///     task: String,
///     #[serde(default)]
///     _ctx: Fields,
/// }
///
/// let scope = Scope::current().with_ids(Ids::empty().with(&JobId::parse("j-1").unwrap()));
/// let message = Message { task: "render".into(), _ctx: Fields::of(&scope) };
/// let text = serde_json::to_string(&message).unwrap();
/// assert_eq!(text, r#"{"task":"render","_ctx":{"x-job-id":"j-1"}}"#);
///
/// let message: Message = serde_json::from_str(&text).unwrap();
/// assert_eq!(message._ctx.scope([Key::Job]).ids(), scope.ids());
/// # }
/// # #[cfg(not(all(feature = "serde", feature = "json")))]
/// # fn main() { let _ = (Fields::of(&Scope::current()), Ids::empty(), Key::Job, JobId::generate()); }
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// What the process's propagator writes of a scope.
    #[must_use]
    pub fn of(scope: &crate::Scope) -> Self {
        let mut fields = Self::new();
        scope.inject(&mut fields);
        fields
    }

    /// The scope in the fields: the context, and the ids of these kinds.
    #[must_use]
    pub fn scope(
        &self,
        keys: impl IntoIterator<Item = throughline_correlation::Key>,
    ) -> crate::Scope {
        crate::Scope::extract(self, keys)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names and texts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (&**name, &**text))
    }
}

/// The names alone: what came in a message may be anything.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Extract for Fields {
    fn values<'a>(&'a self, name: &'static str, each: impl FnMut(&'a [u8])) {
        Extract::values(&self.0, name, each);
    }
}

impl Inject for Fields {
    fn set(&mut self, name: &'static str, value: &str) {
        self.0.set(name, value);
    }

    fn remove(&mut self, name: &'static str) {
        Inject::remove(&mut self.0, name);
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::IgnoredAny;

        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Lenient<T> {
            As(T),
            Other(IgnoredAny),
        }

        // Only a format that describes itself can tell what a value is.
        if !deserializer.is_human_readable() {
            return BTreeMap::deserialize(deserializer).map(Self);
        }
        let map = match Lenient::<BTreeMap<String, Lenient<String>>>::deserialize(deserializer)? {
            Lenient::As(map) => map,
            Lenient::Other(IgnoredAny) => BTreeMap::new(),
        };
        let text = |text| match text {
            Lenient::As(text) => text,
            Lenient::Other(IgnoredAny) => String::new(),
        };
        let fields = map.into_iter().map(|(name, value)| (name, text(value)));
        Ok(Self(fields.collect()))
    }
}
