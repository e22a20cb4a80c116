//! Moments in a word that threads share.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// Where the count of nanoseconds begins that moments are kept as.
#[derive(Debug)]
pub(crate) struct Origin(Instant);

impl Origin {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds from there to now.
    pub(crate) fn nanos(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// When something last happened.
#[derive(Debug)]
pub(crate) struct Since {
    origin: Origin,
    last: AtomicU64,
}

impl Since {
    pub(crate) fn now() -> Self {
        Self {
            origin: Origin::now(),
            last: AtomicU64::new(0),
        }
    }

    pub(crate) fn mark(&self) {
        // Several may be at it; the latest counts.
        self.last.fetch_max(self.origin.nanos(), Ordering::Relaxed);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        let last = self.last.load(Ordering::Relaxed);
        Duration::from_nanos(self.origin.nanos().saturating_sub(last))
    }
}
