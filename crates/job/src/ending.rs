//! How a part of some work ended, and the families that it is told in.

use std::{fmt, time::Duration};

use throughline_catalog::{Counter, Era, Family, Gauge, Handle, Histogram, Labels, Store, label};

label! {
    /// How a stage, an operation or a turn of a loop ended.
    pub enum Ending {
        /// It returned what it should.
        Ok = "ok",
        /// It returned an error.
        Failed = "failed",
        /// Its future was dropped before it ended.
        Cancelled = "cancelled",
        /// It panicked.
        Panicked = "panicked",
    }
}

impl Ending {
    /// Whether it did what it should.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Ok)
    }

    /// The ending that a result tells.
    pub(crate) const fn of<T, E>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(_) => Self::Failed,
        }
    }
}

/// A family, and the series in it for each ending.
pub(crate) struct ByEnding<H: 'static> {
    store: &'static Store<H>,
    indices: [usize; Ending::ALL.len()],
}

impl<H: Handle> ByEnding<H> {
    pub(crate) fn new<F>(_: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = H>,
    {
        let mut indices = [0; Ending::ALL.len()];
        for (index, ending) in indices.iter_mut().zip(Ending::ALL) {
            *index = labels(*ending).index();
        }
        Self {
            store: F::store(),
            indices,
        }
    }
}

impl ByEnding<Counter> {
    pub(crate) fn add(&self, era: Era, ending: Ending, n: u64) {
        let index = self.indices[ending as usize];
        self.store.with(era, index, |count| count.increment(n));
    }
}

impl ByEnding<Histogram> {
    pub(crate) fn record(&self, era: Era, ending: Ending, took: Duration) {
        let index = self.indices[ending as usize];
        self.store.with(era, index, |time| time.record(took));
    }
}

impl ByEnding<Gauge> {
    /// The gauge says nothing of an ending.
    pub(crate) fn set(&self, era: Era, value: f64) {
        self.store.get(era, self.indices[0]).set(value);
    }
}

impl<H> Clone for ByEnding<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for ByEnding<H> {}

impl<H: Handle> fmt::Debug for ByEnding<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.store.desc().name())
    }
}

/// What there is to tell of every piece of work: that it ended, how, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) total: Option<ByEnding<Counter>>,
    pub(crate) duration: Option<ByEnding<Histogram>>,
}

impl Tally {
    pub(crate) const NONE: Self = Self {
        total: None,
        duration: None,
    };

    pub(crate) fn record(&self, era: Era, ending: Ending, took: Duration) {
        if let Some(family) = &self.total {
            family.add(era, ending, 1);
        }
        if let Some(family) = &self.duration {
            family.record(era, ending, took);
        }
    }
}
