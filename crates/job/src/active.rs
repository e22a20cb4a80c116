//! How many there are of something, for as long as each of them lives.

use std::fmt;

use throughline_catalog::{Era, Family, Gauge, Labels, Store};

use crate::span;

/// Raises a gauge for as long as it lives: connections in use, workers that run, sessions.
///
/// It is lowered in the recorder where it was raised, however it is dropped.
///
/// ```
/// use throughline_catalog::catalog;
/// use throughline_job::Active;
///
/// catalog! { pub mod db, budget 10;
///     /// Connections that are lent out.
///     gauge trc_db_connections_in_use {};
/// }
///
/// let connection = Active::new(db::trc_db_connections_in_use, ());
/// // … for as long as it is held.
/// drop(connection);
/// ```
#[must_use = "the gauge is lowered when it is dropped"]
pub struct Active {
    store: &'static Store<Gauge>,
    index: usize,
    era: Option<Era>,
}

impl Active {
    /// Raises the series with these labels by one.
    pub fn new<F>(_: F, labels: F::Labels) -> Self
    where
        F: Family<Handle = Gauge>,
    {
        let active = Self {
            store: F::store(),
            index: labels.index(),
            era: span::counts().then(Era::current),
        };
        active.move_by(1.0);
        active
    }

    fn move_by(&self, by: f64) {
        if let Some(era) = self.era {
            self.store.get(era, self.index).increment(by);
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.move_by(-1.0);
    }
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active")
            .field("family", &self.store.desc().name())
            .finish_non_exhaustive()
    }
}
