//! The process's propagator.

use std::{fmt, sync::OnceLock};

use super::Propagator;

static STANDARD: Propagator = Propagator::new();
static GLOBAL: OnceLock<Propagator> = OnceLock::new();

impl Propagator {
    /// The process's propagator, which layers, jobs and the functions of this crate use: the one that
    /// was set, or that of the defaults. One atomic load.
    #[inline]
    pub fn global() -> &'static Self {
        GLOBAL.get().unwrap_or(&STANDARD)
    }

    /// Makes this one the process's propagator, for everything from now on.
    ///
    /// # Errors
    /// If there is one already: it is set once, where the service starts.
    pub fn set_global(self) -> Result<(), GlobalAlreadySet> {
        GLOBAL.set(self).map_err(|_| GlobalAlreadySet)
    }
}

/// The process has a propagator already; it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GlobalAlreadySet;

impl fmt::Display for GlobalAlreadySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the propagator of the process has been set before, and is set only once")
    }
}

impl std::error::Error for GlobalAlreadySet {}
