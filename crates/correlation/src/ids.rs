//! The set of ids that belong to the work at hand.

use std::{fmt, sync::Arc};

use crate::{
    id::{self, Id, InvalidId},
    key::Key,
};

/// The ids, and the stage, of the work at hand.
///
/// Clones share their contents; an empty set takes no memory. A set is put in scope by
/// [`Ids::enter`] or [`Ids::around`], and read where it is needed by [`Ids::current`]: by log
/// layers, spans and clients, without a parameter in any handler.
///
/// ```
/// use throughline_correlation::{Ids, JobId, Key, RequestId};
///
/// let ids = Ids::empty().with(&JobId::generate()).with(&RequestId::parse("r-1").unwrap());
/// ids.clone().run(|| assert_eq!(Ids::current().text(Key::Request), Some("r-1")));
/// assert!(Ids::current().is_empty());
///
/// // Over any carrier and back.
/// let message: std::collections::HashMap<_, _> = ids.pairs().collect();
/// let back = Ids::from_lookup(Key::ALL, |name| message.get(name), |key, why| {
///     panic!("{key:?}: {why}");
/// });
/// assert_eq!(back, ids);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Ids(Option<Arc<Slots>>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Slots {
    texts: [Option<Arc<str>>; Key::ALL.len()],
    stage: Option<&'static str>,
}

impl Ids {
    /// The empty set.
    #[must_use]
    pub const fn empty() -> Self {
        Self(None)
    }

    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The set with one id more, or with that id replaced.
    #[must_use]
    pub fn with<I: Id>(mut self, id: &I) -> Self {
        self.slots().texts[I::KEY.slot()] = Some(id.shared());
        self
    }

    /// The set at another stage of its work; `stage` is a constant of a closed set.
    #[must_use]
    pub fn at_stage(mut self, stage: &'static str) -> Self {
        self.slots().stage = Some(stage);
        self
    }

    /// The id of this type.
    #[must_use]
    pub fn get<I: Id>(&self) -> Option<I> {
        let text = self.0.as_ref()?.texts[I::KEY.slot()].as_ref()?;
        Some(I::from_checked(Arc::clone(text)))
    }

    /// The text of the id of this kind.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<&str> {
        self.0.as_ref()?.texts[key.slot()].as_deref()
    }

    /// The stage of the work.
    #[must_use]
    pub fn stage(&self) -> Option<&'static str> {
        self.0.as_ref()?.stage
    }

    /// The ids that are set, in the order of [`Key::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Key, &str)> {
        Key::ALL
            .into_iter()
            .filter_map(|key| Some((key, self.text(key)?)))
    }

    /// What travels, as header names and values; the stage does not.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.iter().map(|(key, text)| (key.header(), text))
    }

    /// Reads a set back from any carrier. `lookup` gives the value under a header name of
    /// [`Key::header`]; `refused` hears of each value that is no id, which is left out.
    pub fn from_lookup<V: AsRef<[u8]>>(
        keys: impl IntoIterator<Item = Key>,
        mut lookup: impl FnMut(&'static str) -> Option<V>,
        mut refused: impl FnMut(Key, InvalidId),
    ) -> Self {
        let mut ids = Self::empty();
        for key in keys {
            let Some(value) = lookup(key.header()) else {
                continue;
            };
            match id::check(value.as_ref()) {
                Ok(text) => ids.slots().texts[key.slot()] = Some(text.into()),
                Err(why) => refused(key, why),
            }
        }
        ids
    }

    /// This set over another: an id that is not set here is taken from there.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        let Some(theirs) = &other.0 else { return self };
        if self.is_empty() {
            return other.clone();
        }
        let ours = self.slots();
        for (our, their) in ours.texts.iter_mut().zip(&theirs.texts) {
            if our.is_none() {
                our.clone_from(their);
            }
        }
        ours.stage = ours.stage.or(theirs.stage);
        self
    }

    fn slots(&mut self) -> &mut Slots {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        map.entries(self.iter().map(|(key, text)| (key.field(), text)));
        if let Some(stage) = self.stage() {
            map.entry(&"stage", &stage);
        }
        map.finish()
    }
}
