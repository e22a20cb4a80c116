//! Which recorder a piece of work began under.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era(pub(crate) Scope);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// No recorder: the facade's no-op.
    Silent,
    /// The recorder of the process.
    Global,
    /// A recorder of one thread for a while, or one that could not be proved to be more.
    Local(Identity),
}

impl Era {
    /// What the recorder is that the facade shows at this moment, on this thread.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        Identity::current().era()
    }
}
