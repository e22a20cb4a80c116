//! Families of several catalogues that one page cannot show.

use std::fmt;

use crate::check::shows_as;
use crate::{Catalogue, Desc, LabelDesc};

impl Catalogue {
    /// Whether one process can have these catalogues too: each name means one thing.
    ///
    /// Within a catalogue the compiler sees to it. A family may be declared in several catalogues if
    /// kind, label names and buckets are the same.
    ///
    /// ```
    /// use throughline_catalog::catalog;
    ///
    /// catalog! { pub mod orders, budget 10;
    ///     /// Requests served.
    ///     counter shop_requests_total { ok: bool };
    /// }
    /// catalog! { pub mod stock, budget 10;
    ///     /// Requests served.
    ///     counter shop_requests_total { found: bool };
    /// }
    ///
    /// let conflict = orders::CATALOGUE.check_against(&[stock::CATALOGUE]).unwrap_err();
    /// let says = conflict.to_string();
    /// assert!(says.contains("has the labels `ok`"), "{says}");
    /// assert!(says.contains("the labels `found`"), "{says}");
    /// assert!(orders::CATALOGUE.check_against(&[orders::CATALOGUE]).is_ok());
    /// ```
    ///
    /// # Errors
    /// Names the first two families that cannot be on one page, and where each is declared.
    pub fn check_against(&self, others: &[&Self]) -> Result<(), Conflict> {
        for family in self {
            for other in others.iter().copied().flatten() {
                if let Some(what) = What::of(family, other) {
                    return Err(Conflict {
                        family,
                        other,
                        what,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Two families that cannot be on one page; see [`Catalogue::check_against`].
#[derive(Clone, Debug)]
pub struct Conflict {
    family: &'static Desc,
    other: &'static Desc,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Kind,
    Labels,
    Buckets,
    Samples,
}

impl What {
    fn of(family: &'static Desc, other: &'static Desc) -> Option<Self> {
        if std::ptr::eq(family, other) {
            return None;
        }
        if family.name() != other.name() {
            let samples = shows_as(family, other.name()) || shows_as(other, family.name());
            return samples.then_some(Self::Samples);
        }
        if family.kind() != other.kind() {
            return Some(Self::Kind);
        }
        if sorted_labels(family) != sorted_labels(other) {
            return Some(Self::Labels);
        }
        (family.buckets() != other.buckets()).then_some(Self::Buckets)
    }
}

fn sorted_labels(family: &'static Desc) -> Vec<&'static str> {
    let mut names: Vec<_> = family.labels().iter().map(LabelDesc::name).collect();
    names.sort_unstable();
    names
}

impl Conflict {
    /// The family of the catalogue that was asked.
    #[must_use]
    pub const fn family(&self) -> &'static Desc {
        self.family
    }

    /// The family of one of the others.
    #[must_use]
    pub const fn other(&self) -> &'static Desc {
        self.other
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            family,
            other,
            what,
        } = self;
        let (name, here, there) = (family.name(), family.module(), other.module());
        match what {
            What::Kind => write!(
                f,
                "family `{name}`: a {} in {here}, but a {} in {there}; rename one",
                family.kind(),
                other.kind(),
            ),
            What::Labels => write!(
                f,
                "family `{name}`: has {} in {here}, but {} in {there}; rename one, or declare it once",
                Labels(family),
                Labels(other),
            ),
            What::Buckets => write!(
                f,
                "family `{name}`: has the buckets {:?} in {here}, but {:?} in {there}; rename one, or \
                 declare it once",
                family.buckets().unwrap_or_default(),
                other.buckets().unwrap_or_default(),
            ),
            What::Samples => write!(
                f,
                "family `{name}` in {here} and family `{}` in {there} show samples of the same name; \
                 rename one",
                other.name(),
            ),
        }
    }
}

impl std::error::Error for Conflict {}

/// The label names of a family, to be read.
struct Labels(&'static Desc);

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.labels().is_empty() {
            return f.write_str("no labels");
        }
        f.write_str("the labels ")?;
        for (at, label) in self.0.labels().iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}`{}`", label.name())?;
        }
        Ok(())
    }
}
