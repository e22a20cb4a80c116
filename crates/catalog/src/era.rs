//! Which recorder a piece of work began under.

use std::fmt;

use crate::process_wide::Identity;

/// The recorder that was current at some moment, as a small value to keep.
///
/// A guard takes it when work starts and finishes under it, so that a gauge that was raised in one
/// recorder is not lowered in another when a recorder is installed, or a test's scope ends, in
/// between. Samples for a recorder that is gone go nowhere.
///
/// ```
/// use throughline_catalog::{Era, Family, catalog};
///
/// catalog! { mod pool, budget 10;
///     /// Connections in use.
///     gauge pool_connections_active {};
/// }
///
/// let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// let active = pool::pool_connections_active::store();
///
/// let before = Era::current();
/// metrics::with_local_recorder(&recorder, || {
///     let inside = Era::current();
///     assert_ne!(before, inside);
///     active.get(before, 0).decrement(1.0); // raised in another recorder, or in none
///     assert!(snapshotter.snapshot().into_vec().is_empty());
///     active.get(inside, 0).increment(1.0);
///     assert_eq!(snapshotter.snapshot().into_vec().len(), 1);
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
// One word, because it goes with every request from hand to hand: the constants below, or a local
// recorder's address with the bit that tells whether it has a size.
pub struct Era(usize);

impl Era {
    /// No recorder: the facade's no-op.
    pub(crate) const SILENT: Self = Self(0);
    /// The recorder of the process.
    pub(crate) const GLOBAL: Self = Self(1);

    /// A recorder of one thread for a while, or one that could not be proved to be more.
    pub(crate) const fn local(recorder: Identity) -> Self {
        // No address is 0, and none has its highest bit set: that half is the system's.
        Self(recorder.address << 1 | recorder.sized as usize)
    }

    /// The recorder, if it is a local one.
    pub(crate) fn as_local(self) -> Option<Identity> {
        let is_local = self != Self::SILENT && self != Self::GLOBAL;
        is_local.then_some(Identity {
            address: self.0 >> 1,
            sized: self.0 & 1 == 1,
        })
    }
}

impl fmt::Debug for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut era = f.debug_tuple("Era");
        match *self {
            Self::SILENT => era.field(&"no recorder"),
            Self::GLOBAL => era.field(&"the process's"),
            _ => era.field(&"a local one"),
        };
        era.finish()
    }
}

impl Era {
    /// What the recorder is that the facade shows at this moment, on this thread.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        Identity::current().era()
    }
}
