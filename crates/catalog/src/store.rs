//! Where the handles of one family are kept.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use metrics::Recorder;

use crate::process_wide::Identity;
use crate::source::{Series, Source};
use crate::{Desc, Era, Handle, refresh};

/// How many handles are made room for at once.
const CHUNK: usize = 64;

type Chunk<H> = Box<[OnceLock<H>]>;

/// Keeps the handles of one family, each registered at its first use.
///
/// [`Family::store`](crate::Family::store) is the one that a family's `with` uses. A layer makes one
/// of its own with [`Store::given`] when it is handed a recorder.
///
/// ```
/// use std::sync::Arc;
/// use metrics_util::debugging::DebuggingRecorder;
/// use throughline_catalog::{Counter, Family, Labels, Store, catalog};
///
/// catalog! { pub mod mail, budget 10;
///     /// Letters sent.
///     counter mail_letters_total { urgent: bool };
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// let store: Store<Counter> = Store::given(mail::mail_letters_total::DESC, Arc::new(recorder));
/// store.now((true,).index()).increment(1);
/// assert_eq!(snapshotter.snapshot().into_vec().len(), 1);
/// ```
pub struct Store<H> {
    desc: &'static Desc,
    source: Source,
    // Handles of that recorder; no other is kept. In chunks, because
    // of the combinations that labels allow, few are ever seen.
    chunks: OnceLock<Box<[OnceLock<Chunk<H>>]>>,
}

impl<H: Handle> Store<H> {
    /// A store of its own for the family `desc`.
    ///
    /// # Panics
    /// If the family's kind is not that of `H`.
    #[must_use]
    pub const fn new(desc: &'static Desc) -> Self {
        assert!(
            desc.kind() as u8 == H::KIND as u8,
            "the store is for another kind of family"
        );
        Self {
            desc,
            source: Source::Global,
            chunks: OnceLock::new(),
        }
    }

    /// A store whose handles are all of `recorder`, whatever recorder is current.
    ///
    /// # Panics
    /// If the family's kind is not that of `H`.
    #[must_use]
    pub fn given(desc: &'static Desc, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        Self {
            source: Source::Given(recorder),
            ..Self::new(desc)
        }
    }

    /// The family.
    #[must_use]
    pub const fn desc(&self) -> &'static Desc {
        self.desc
    }

    /// The handle of the series with this label index, in the recorder that is current.
    #[must_use]
    #[inline]
    pub fn now(&self, index: usize) -> Held<'_, H> {
        self.get(Era::current(), index)
    }

    /// The handle of the series with this label index, in the recorder that `era` tells.
    ///
    /// It records nothing if that was a local recorder that is no longer current, or if there is no
    /// such index.
    #[must_use]
    #[inline]
    pub fn get(&self, era: Era, index: usize) -> Held<'_, H> {
        if era == Era::GLOBAL || self.source.is_given() {
            match self.kept(index) {
                Some(handle) => Held(Inner::Kept(handle)),
                None => self.make(index),
            }
        } else {
            self.uncached(era, index)
        }
    }

    /// Has `f` use the handle that [`get`](Self::get) returns: a shorter way, for one short use.
    ///
    /// ```
    /// use throughline_catalog::{Era, Family, Labels, catalog};
    ///
    /// catalog! { pub mod mail, budget 10;
    ///     /// Letters sent.
    ///     counter mail_letters_total { urgent: bool };
    /// }
    ///
    /// let recorder = metrics_util::debugging::DebuggingRecorder::new();
    /// let snapshotter = recorder.snapshotter();
    /// metrics::with_local_recorder(&recorder, || {
    ///     let sent = mail::mail_letters_total::store();
    ///     sent.with(Era::current(), (true,).index(), |letters| letters.increment(1));
    /// });
    /// assert_eq!(snapshotter.snapshot().into_vec().len(), 1);
    /// ```
    #[inline]
    pub fn with<R>(&self, era: Era, index: usize, f: impl FnOnce(&H) -> R) -> R {
        if (era == Era::GLOBAL || self.source.is_given())
            && let Some(handle) = self.kept(index)
        {
            return f(handle);
        }
        self.with_other(era, index, f)
    }

    #[cold]
    #[inline(never)]
    fn with_other<R>(&self, era: Era, index: usize, f: impl FnOnce(&H) -> R) -> R {
        f(&self.get(era, index))
    }

    #[inline]
    fn kept(&self, index: usize) -> Option<&H> {
        self.chunks
            .get()?
            .get(index / CHUNK)?
            .get()?
            .get(index % CHUNK)?
            .get()
    }

    #[cold]
    fn make(&self, index: usize) -> Held<'_, H> {
        let cardinality = self.desc.cardinality();
        debug_assert!(
            index < cardinality,
            "{}: no such label index: {index}",
            self.desc.name()
        );
        if cardinality <= index {
            return Held(Inner::Kept(H::noop()));
        }
        let first = self.chunks.get().is_none();
        let Some(handle) = self.register(index, first) else {
            return Held(Inner::Kept(H::noop()));
        };
        let chunks = self
            .chunks
            .get_or_init(|| empty(cardinality.div_ceil(CHUNK)));
        let start = index / CHUNK * CHUNK;
        let chunk = chunks[index / CHUNK].get_or_init(|| empty(CHUNK.min(cardinality - start)));
        Held(Inner::Kept(chunk[index % CHUNK].get_or_init(|| handle)))
    }

    /// `None` if the global recorder cannot be reached from here.
    fn register(&self, index: usize, first: bool) -> Option<H> {
        let series = Series {
            source: self.source.clone(),
            desc: self.desc,
            index,
        };
        let handle: H = series.register(first)?;
        Some(if refresh::is_on() {
            handle.renewed(series)
        } else {
            handle
        })
    }

    #[cold]
    fn uncached(&self, era: Era, index: usize) -> Held<'_, H> {
        let Some(identity) = era.as_local() else {
            return Held(Inner::Kept(H::noop()));
        };
        metrics::with_recorder(|recorder| {
            if Identity::of(recorder) != identity || self.desc.cardinality() <= index {
                return Held(Inner::Kept(H::noop()));
            }
            self.desc.describe_to(recorder);
            Held(Inner::Own(self.desc.handle_from(recorder, index)))
        })
    }
}

fn empty<T>(len: usize) -> Box<[OnceLock<T>]> {
    (0..len).map(|_| OnceLock::new()).collect()
}

impl<H> fmt::Debug for Store<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("family", &self.desc.name())
            .field("given", &self.source.is_given())
            .finish_non_exhaustive()
    }
}

/// A handle out of a [`Store`]: kept there, or, under a local recorder, made for this one use.
#[derive(Clone, Debug)]
pub struct Held<'a, H>(Inner<'a, H>);

#[derive(Clone, Debug)]
enum Inner<'a, H> {
    Kept(&'a H),
    Own(H),
}

impl<H> Held<'_, H> {
    /// The handle, if it was made for this one use: a recorder that is local has it, and the store
    /// will not find it again once that recorder is left.
    #[must_use]
    #[inline]
    pub fn into_own(self) -> Option<H> {
        match self.0 {
            Inner::Kept(_) => None,
            Inner::Own(handle) => Some(handle),
        }
    }
}

impl<H> Deref for Held<'_, H> {
    type Target = H;

    #[inline]
    fn deref(&self) -> &H {
        match &self.0 {
            Inner::Kept(handle) => handle,
            Inner::Own(handle) => handle,
        }
    }
}
