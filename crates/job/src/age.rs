//! How long ago something last happened.

use std::{
    fmt,
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use throughline_catalog::{Era, Family, Gauge, Labels, Store};

use crate::{observe, since::Origin, span, time::Stamp};

/// Shows how long ago something last happened: a heartbeat, a handshake, a backup. The age is of the
/// moment of each [`observe`](Self::observe), so it grows while nothing happens.
///
/// There is one for each combination of labels that was marked; it takes eight bytes for each that
/// there can be.
///
/// ```
/// use std::time::Duration;
/// use throughline_catalog::{catalog, label};
/// use throughline_job::Ages;
///
/// label! { pub struct Bench: Capped<32>; }
///
/// catalog! { pub mod lab, budget 100;
///     /// Time since a bench was last heard of.
///     gauge bench_heartbeat_age { bench: Bench } dictated "the orchestrator's dashboards";
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// # let _here = metrics::set_default_local_recorder(&recorder);
/// let heartbeats = Ages::new(lab::bench_heartbeat_age);
/// // When a heartbeat comes:
/// heartbeats.mark((Bench::of("bench-7"),));
/// // Every few seconds; or `heartbeats.observe_every(…)` in a task of its own.
/// heartbeats.observe();
/// assert!(heartbeats.age((Bench::of("bench-7"),)).unwrap() < Duration::from_secs(60));
/// // It was taken out of service: the last age stays, and grows no more.
/// heartbeats.forget((Bench::of("bench-7"),));
/// # assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 1);
/// # }
/// ```
pub struct Ages<F: Family<Handle = Gauge>> {
    store: &'static Store<Gauge>,
    origin: Origin,
    /// Nanoseconds from before `origin` on, so that what was before it has a number too; 0 where nothing
    /// is known.
    last: Box<[AtomicU64]>,
    family: PhantomData<fn(F::Labels)>,
}

/// How far before its making an age can reach back: some ten years.
const BEFORE: u64 = 1 << 58;

impl<F: Family<Handle = Gauge>> Ages<F> {
    /// Shows ages in `family`, in seconds.
    #[must_use]
    pub fn new(_: F) -> Self {
        Self {
            store: F::store(),
            origin: Origin::now(),
            last: (0..F::Labels::CARDINALITY)
                .map(|_| AtomicU64::new(0))
                .collect(),
            family: PhantomData,
        }
    }

    /// It happened now.
    pub fn mark(&self, labels: F::Labels) {
        self.put(labels, self.now());
    }

    /// It happened then. A time to come counts as now, and is counted as a clock that is ahead.
    pub fn mark_at(&self, labels: F::Labels, at: SystemTime) {
        let age = Stamp::of(at).age(Stamp::now());
        let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        self.put(labels, self.now().saturating_sub(age).max(1));
    }

    /// It will not happen again: its age is shown no more.
    pub fn forget(&self, labels: F::Labels) {
        self.put(labels, 0);
    }

    /// How long ago it was.
    #[must_use]
    pub fn age(&self, labels: F::Labels) -> Option<Duration> {
        self.since(self.last.get(labels.index())?, self.now())
    }

    /// Shows the ages.
    pub fn observe(&self) {
        if !span::counts() {
            return;
        }
        let (era, now) = (Era::current(), self.now());
        for (index, last) in self.last.iter().enumerate() {
            if let Some(age) = self.since(last, now) {
                self.store.get(era, index).set(age);
            }
        }
    }

    /// [Observes](Self::observe) for ever; for a task of its own.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its timer, and if `every` is zero.
    pub async fn observe_every(&self, every: Duration) {
        observe::for_ever(every, || self.observe()).await;
    }

    fn now(&self) -> u64 {
        self.origin.nanos().saturating_add(BEFORE)
    }

    #[allow(clippy::unused_self, reason = "the numbers are this one's")]
    fn since(&self, last: &AtomicU64, now: u64) -> Option<Duration> {
        let last = last.load(Ordering::Relaxed);
        (last != 0).then(|| Duration::from_nanos(now.saturating_sub(last)))
    }

    fn put(&self, labels: F::Labels, last: u64) {
        if let Some(place) = self.last.get(labels.index()) {
            place.store(last, Ordering::Relaxed);
        }
    }
}

impl<F: Family<Handle = Gauge>> fmt::Debug for Ages<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ages")
            .field("family", &F::DESC.name())
            .finish_non_exhaustive()
    }
}
