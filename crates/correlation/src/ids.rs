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
pub struct Ids {
    slots: Option<Arc<Slots>>,
    // Beside the ids, so that a job can go from stage to stage without a copy of them.
    stage: Option<&'static str>,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Slots {
    texts: [Option<Arc<str>>; Key::ALL.len()],
}

impl Ids {
    /// The empty set.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            slots: None,
            stage: None,
        }
    }

    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slots.is_none() && self.stage.is_none()
    }

    /// The set with one id more, or with that id replaced.
    #[must_use]
    pub fn with<I: Id>(mut self, id: &I) -> Self {
        self.slots().texts[I::KEY.slot()] = Some(id.shared());
        self
    }

    /// The set at another stage of its work; `stage` is a constant of a closed set.
    #[must_use]
    pub const fn at_stage(mut self, stage: &'static str) -> Self {
        self.stage = Some(stage);
        self
    }

    /// The set without the id of this kind.
    #[must_use]
    pub fn without(mut self, key: Key) -> Self {
        if self.text(key).is_some() {
            self.slots().texts[key.slot()] = None;
            self.drop_empty();
        }
        self
    }

    /// The ids that both sets have with the same text, and the stage if both are at the same.
    #[must_use]
    pub fn shared_with(mut self, other: &Self) -> Self {
        for key in Key::ALL {
            if self.text(key) != other.text(key) {
                self = self.without(key);
            }
        }
        self.stage = self.stage.filter(|stage| other.stage == Some(stage));
        self
    }

    /// The id of this type.
    #[must_use]
    pub fn get<I: Id>(&self) -> Option<I> {
        let text = self.slots.as_ref()?.texts[I::KEY.slot()].as_ref()?;
        Some(I::from_checked(Arc::clone(text)))
    }

    /// The text of the id of this kind.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<&str> {
        self.slots.as_ref()?.texts[key.slot()].as_deref()
    }

    /// The stage of the work.
    #[must_use]
    pub const fn stage(&self) -> Option<&'static str> {
        self.stage
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
        self.stage = self.stage.or(other.stage);
        match (&self.slots, &other.slots) {
            (_, None) => {}
            (None, theirs) => self.slots.clone_from(theirs),
            (Some(ours), Some(theirs)) if adds_nothing(theirs, ours) => {}
            (Some(_), Some(theirs)) => {
                for (our, their) in self.slots().texts.iter_mut().zip(&theirs.texts) {
                    if our.is_none() {
                        our.clone_from(their);
                    }
                }
            }
        }
        self
    }

    /// Whether both are shares of one set; two that only look alike are not.
    #[inline]
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let is_one = match (&self.slots, &other.slots) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        is_one && self.stage == other.stage
    }

    fn slots(&mut self) -> &mut Slots {
        Arc::make_mut(self.slots.get_or_insert_default())
    }

    /// A set of no ids takes no memory.
    fn drop_empty(&mut self) {
        let is_empty = |slots: &Arc<Slots>| slots.texts.iter().all(Option::is_none);
        self.slots = self.slots.take().filter(|slots| !is_empty(slots));
    }
}

/// Whether every id that is set in `theirs` is set in `ours`.
fn adds_nothing(theirs: &Slots, ours: &Slots) -> bool {
    let mut both = ours.texts.iter().zip(&theirs.texts);
    both.all(|(our, their)| our.is_some() || their.is_none())
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
