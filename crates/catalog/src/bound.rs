//! What a layer keeps of a family.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use metrics::Recorder;

use crate::{Era, Family, Handle, Held, Store};

/// A family as a layer keeps it: where its handles are, and how its labels are read from what the
/// layer knows of a unit of work, `X`. The family's own type is gone.
///
/// ```
/// use std::sync::Arc;
/// use metrics_util::debugging::DebuggingRecorder;
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
///
/// // A second application in the process, with a recorder of its own.
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// let others = letters.given(Arc::new(recorder));
/// others.at(Era::current(), &Letter { urgent: true }).increment(1);
/// assert_eq!(snapshotter.snapshot().into_vec().len(), 1);
/// ```
pub struct Bound<H: 'static, X: ?Sized> {
    store: Place<H>,
    index: fn(&X) -> usize,
}

enum Place<H: 'static> {
    Shared(&'static Store<H>),
    Own(Arc<Store<H>>),
}

impl<H: Handle, X: ?Sized> Bound<H, X> {
    /// Binds `family`; `index` reads the label index.
    #[must_use]
    pub fn new<F: Family<Handle = H>>(_: F, index: fn(&X) -> usize) -> Self {
        Self {
            store: Place::Shared(F::store()),
            index,
        }
    }

    /// The same family in `recorder`, whatever recorder is current.
    #[must_use]
    pub fn given(&self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        Self {
            store: Place::Own(Arc::new(Store::given(self.store.desc(), recorder))),
            index: self.index,
        }
    }

    /// The handle of the series that `from` belongs to, in the recorder that `era` tells, or in the
    /// one that was given.
    #[must_use]
    #[inline]
    pub fn at(&self, era: Era, from: &X) -> Held<'_, H> {
        self.at_index(era, self.index(from))
    }

    /// The label index of the series that `from` belongs to: a gauge that was raised there is lowered
    /// there, whatever `from` has become meanwhile.
    #[must_use]
    #[inline]
    pub fn index(&self, from: &X) -> usize {
        (self.index)(from)
    }

    /// As [`at`](Self::at), by the label index.
    #[must_use]
    #[inline]
    pub fn at_index(&self, era: Era, index: usize) -> Held<'_, H> {
        self.store.get(era, index)
    }
}

impl<H> Deref for Place<H> {
    type Target = Store<H>;

    #[inline]
    fn deref(&self) -> &Store<H> {
        match self {
            Self::Shared(store) => store,
            Self::Own(store) => store,
        }
    }
}

impl<H, X: ?Sized> Clone for Bound<H, X> {
    fn clone(&self) -> Self {
        let store = match &self.store {
            Place::Shared(store) => Place::Shared(store),
            Place::Own(store) => Place::Own(Arc::clone(store)),
        };
        Self {
            store,
            index: self.index,
        }
    }
}

impl<H, X: ?Sized> fmt::Debug for Bound<H, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("store", &*self.store)
            .finish_non_exhaustive()
    }
}
