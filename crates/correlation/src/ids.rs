//! The set of ids that belong to the work at hand.

use std::{fmt, sync::Arc};

use crate::{
    id::{Id, InvalidId},
    key::Key,
    text::Text,
};

/// The ids, and the stage, of the work at hand.
///
/// Clones share their contents; a set of nothing but a request's id takes no memory beside its text. A
/// set is put in scope by [`Ids::enter`] or [`Ids::around`], and read where it is needed by
/// [`Ids::current`]: by log layers, spans and clients, without a parameter in any handler.
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
    // By itself, because most sets have this one alone.
    request: Option<Text>,
    others: Option<Arc<Others>>,
    // Beside the ids, so that a job can go from stage to stage without a copy of them.
    stage: Option<&'static str>,
}

/// The ids but the request's.
#[derive(Clone, Default, PartialEq, Eq)]
struct Others {
    texts: [Option<Text>; Key::ALL.len() - 1],
}

/// Where the id of this kind is among the others; none for the request's.
const fn other(key: Key) -> Option<usize> {
    key.slot().checked_sub(Key::Request.slot() + 1)
}

impl Ids {
    /// The empty set.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            request: None,
            others: None,
            stage: None,
        }
    }

    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.request.is_none() && self.others.is_none() && self.stage.is_none()
    }

    /// The set with one id more, or with that id replaced.
    #[must_use]
    pub fn with<I: Id>(mut self, id: &I) -> Self {
        self.set(I::KEY, id.text().clone());
        self
    }

    /// The set at another stage of its work; `stage` is a constant of a closed set.
    #[must_use]
    pub const fn at_stage(mut self, stage: &'static str) -> Self {
        self.stage = Some(stage);
        self
    }

    pub(crate) const fn exchange_stage(
        &mut self,
        stage: Option<&'static str>,
    ) -> Option<&'static str> {
        std::mem::replace(&mut self.stage, stage)
    }

    /// The set without the id of this kind.
    #[must_use]
    pub fn without(mut self, key: Key) -> Self {
        match other(key) {
            None => self.request = None,
            Some(place) if self.slot(key).is_some() => {
                self.others().texts[place] = None;
                self.drop_empty();
            }
            Some(_) => {}
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
        self.slot(I::KEY).cloned().map(I::from_checked)
    }

    /// The text of the id of this kind.
    #[must_use]
    pub fn text(&self, key: Key) -> Option<&str> {
        self.slot(key).map(Text::as_str)
    }

    /// The stage of the work.
    #[must_use]
    pub const fn stage(&self) -> Option<&'static str> {
        self.stage
    }

    /// The ids that are set, in the order of [`Key::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Key, &str)> {
        self.texts().map(|(key, text)| (key, text.as_str()))
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = (Key, &Text)> {
        Key::ALL
            .into_iter()
            .filter_map(|key| Some((key, self.slot(key)?)))
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
            match Text::checked(value.as_ref()) {
                Ok(text) => ids.set(key, text),
                Err(why) => refused(key, why),
            }
        }
        ids
    }

    /// This set over another: an id that is not set here is taken from there.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        self.fill(other);
        self
    }

    /// Takes what is not set here from there.
    pub(crate) fn fill(&mut self, other: &Self) {
        self.stage = self.stage.or(other.stage);
        if self.request.is_none() {
            self.request.clone_from(&other.request);
        }
        match (&self.others, &other.others) {
            (_, None) => {}
            (None, theirs) => self.others.clone_from(theirs),
            (Some(ours), Some(theirs)) if adds_nothing(theirs, ours) => {}
            (Some(_), Some(theirs)) => {
                for (our, their) in self.others().texts.iter_mut().zip(&theirs.texts) {
                    if our.is_none() {
                        our.clone_from(their);
                    }
                }
            }
        }
    }

    /// Whether both are shares of one set; two that only look alike are not.
    #[inline]
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let is_one_request = match (&self.request, &other.request) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => ours.is_same_as(theirs),
            _ => false,
        };
        let are_others = match (&self.others, &other.others) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            _ => false,
        };
        is_one_request && are_others && self.stage == other.stage
    }

    fn slot(&self, key: Key) -> Option<&Text> {
        match other(key) {
            None => self.request.as_ref(),
            Some(place) => self.others.as_ref()?.texts[place].as_ref(),
        }
    }

    fn set(&mut self, key: Key, text: Text) {
        match other(key) {
            None => self.request = Some(text),
            Some(place) => self.others().texts[place] = Some(text),
        }
    }

    fn others(&mut self) -> &mut Others {
        Arc::make_mut(self.others.get_or_insert_default())
    }

    /// A set of no ids takes no memory.
    fn drop_empty(&mut self) {
        let is_empty = |others: &Arc<Others>| others.texts.iter().all(Option::is_none);
        self.others = self.others.take().filter(|others| !is_empty(others));
    }
}

/// Whether every id that is set in `theirs` is set in `ours`.
fn adds_nothing(theirs: &Others, ours: &Others) -> bool {
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
