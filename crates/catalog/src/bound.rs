//! A family as a layer keeps it.

use std::fmt;

use crate::{Era, Family, Handle, Held, Store};

/// A family as a layer keeps it: where its handles are, and how its labels are read from what the
/// layer knows of a unit of work, `X`. The family's own type is gone.
///
/// ```
/// use throughline_catalog::{Bound, Counter, Era, Labels, catalog};
///
/// catalog! { pub mod mail, budget 10;
///     /// Letters sent.
///     counter mail_letters_total { urgent: bool };
/// }
/// struct Letter { urgent: bool }
///
/// let letters: Bound<Counter, Letter> =
///     Bound::new(mail::mail_letters_total, |letter: &Letter| (letter.urgent,).index());
/// letters.at(Era::current(), &Letter { urgent: true }).increment(1);
/// ```
pub struct Bound<H: 'static, X: ?Sized> {
    store: &'static Store<H>,
    index: fn(&X) -> usize,
}

impl<H: Handle, X: ?Sized> Bound<H, X> {
    /// Binds `family`; `index` reads the label index.
    #[must_use]
    pub fn new<F: Family<Handle = H>>(_: F, index: fn(&X) -> usize) -> Self {
        Self {
            store: F::store(),
            index,
        }
    }

    /// The handle of the series that `from` belongs to, in the recorder that `era` tells.
    #[must_use]
    #[inline]
    pub fn at(&self, era: Era, from: &X) -> Held<'static, H> {
        self.store.get(era, (self.index)(from))
    }
}

impl<H, X: ?Sized> Clone for Bound<H, X> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H, X: ?Sized> Copy for Bound<H, X> {}

impl<H, X: ?Sized> fmt::Debug for Bound<H, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
