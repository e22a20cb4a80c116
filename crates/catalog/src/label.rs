//! What a label's type is.

use crate::interner::Interner;

/// The value that stands for every value that found no room in a [`Capped`](crate::Capped) label.
///
/// It is the same text for every label and every family, so that a dashboard or an alert can name
/// it, and it differs from `unmatched` and `_OTHER`, which mean something.
pub const OVERFLOW: &str = "__overflow__";

/// The values that a label can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// These and no others.
    Closed(&'static [&'static str]),
    /// At most this many that are found while the process runs, and [`OVERFLOW`].
    Capped(usize),
}

impl Values {
    /// How many values there can be, [`OVERFLOW`] included.
    #[must_use]
    pub const fn cardinality(self) -> usize {
        match self {
            Self::Closed(texts) => texts.len(),
            Self::Capped(cap) => cap.saturating_add(1),
        }
    }
}

/// A type whose values are the values of one metric label: few, and known by number.
///
/// [`label!`](crate::label!) implements it. By hand it is needed only where the values are a table
/// that exists already.
///
/// ```
/// use throughline_catalog::{Label, Values};
///
/// assert_eq!(bool::CARDINALITY, 2);
/// assert_eq!(bool::VALUES, Values::Closed(&["false", "true"]));
/// assert_eq!(bool::text(true.index()), "true");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no metric label: nobody can say how many values it has",
    label = "not a label",
    note = "declare one with `label!`: an `enum` of all its values, or a `struct` that is `Capped<N>`"
)]
pub trait Label: Copy + 'static {
    /// How many values there are; every [`index`](Self::index) is below it.
    const CARDINALITY: usize;

    /// The values, for the catalogue.
    const VALUES: Values;

    /// The number of this value.
    fn index(self) -> usize;

    /// The text of the value with this number. Asked once for each series, when it is registered.
    fn text(index: usize) -> &'static str;

    /// Where the values of a capped label are.
    #[doc(hidden)]
    #[must_use]
    fn interner() -> Option<&'static Interner> {
        None
    }
}

impl Label for bool {
    const CARDINALITY: usize = 2;
    const VALUES: Values = Values::Closed(&["false", "true"]);

    #[inline]
    fn index(self) -> usize {
        usize::from(self)
    }

    fn text(index: usize) -> &'static str {
        if index == 0 { "false" } else { "true" }
    }
}
