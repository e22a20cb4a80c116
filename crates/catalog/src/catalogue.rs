//! The families of one service, together.

use std::slice;

use crate::Desc;

/// The most series that [`Catalogue::register_closed`] makes for one family.
const MAX_REGISTERED: usize = 1_000;

/// The families that one [`catalog!`](crate::catalog!) declares.
///
/// ```
/// use throughline_catalog::families::throughline::CATALOGUE;
///
/// // What an exporter needs to know beforehand:
/// let buckets: Vec<(&str, &[f64])> = CATALOGUE
///     .into_iter()
///     .filter_map(|family| Some((family.name(), family.buckets()?)))
///     .collect();
/// assert!(buckets.is_empty(), "this crate's own families are counters");
/// assert!(CATALOGUE.series() <= CATALOGUE.budget());
/// ```
#[derive(Debug)]
pub struct Catalogue {
    name: &'static str,
    budget: usize,
    forbidden: &'static [&'static str],
    families: &'static [&'static Desc],
}

impl Catalogue {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: &'static str,
        budget: usize,
        forbidden: &'static [&'static str],
        families: &'static [&'static Desc],
    ) -> Self {
        Self {
            name,
            budget,
            forbidden,
            families,
        }
    }

    /// The name of the module.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many series all families together may have.
    #[must_use]
    pub const fn budget(&self) -> usize {
        self.budget
    }

    /// The labels that its `forbid` clause forbids, beside those that are forbidden everywhere.
    #[must_use]
    pub const fn forbidden(&self) -> &'static [&'static str] {
        self.forbidden
    }

    /// The families, in the order of declaration.
    #[must_use]
    pub const fn families(&self) -> &'static [&'static Desc] {
        self.families
    }

    /// The family with this name.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&'static Desc> {
        self.families
            .iter()
            .copied()
            .find(|family| family.name() == name)
    }

    /// How many series all families together can have. Never more than the budget.
    #[must_use]
    pub const fn series(&self) -> usize {
        let mut series = 0usize;
        let mut i = 0;
        while i < self.families.len() {
            series = series.saturating_add(self.families[i].series());
            i += 1;
        }
        series
    }

    /// Tells the current recorder every family's name, unit and help.
    ///
    /// A family describes itself at its first use; this makes those known that are not used yet.
    pub fn describe(&self) {
        for family in self.families {
            family.describe();
        }
    }

    /// Makes every series exist, at zero, whose family has closed labels only and at most 1,000
    /// combinations of them, and returns how many there are, a histogram's buckets not counted.
    ///
    /// Without it the first event of its kind is a series' first sample, and `rate()` cannot see
    /// that it happened. Call it once the recorder is installed.
    #[allow(
        clippy::must_use_candidate,
        reason = "the series are what it is called for"
    )]
    pub fn register_closed(&self) -> usize {
        let mut registered = 0;
        metrics::with_recorder(|recorder| {
            for family in self.families {
                if !family.is_closed() || MAX_REGISTERED < family.cardinality() {
                    continue;
                }
                family.describe_to(recorder);
                for index in 0..family.cardinality() {
                    family.register_to(recorder, index);
                }
                registered += family.cardinality();
            }
        });
        registered
    }
}

impl IntoIterator for &Catalogue {
    type Item = &'static Desc;
    type IntoIter = std::iter::Copied<slice::Iter<'static, &'static Desc>>;

    fn into_iter(self) -> Self::IntoIter {
        self.families.iter().copied()
    }
}
