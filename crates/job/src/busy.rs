//! How much of the time something was in use.

use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use throughline_catalog::{Era, Family, Gauge, Labels, Store};
use tokio::time::Instant;

use crate::{observe, span};

/// The time that some slots were in use since it was last asked for.
#[derive(Debug)]
pub(crate) struct Busy {
    slots: u32,
    // Held for a few additions, never across anything else.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    active: u32,
    was_used: bool,
    /// What was in use up to `at`, since it was last asked for.
    busy: Duration,
    at: Instant,
    asked: Instant,
}

impl State {
    fn advance(&mut self, now: Instant) {
        self.busy += now.saturating_duration_since(self.at) * self.active;
        self.at = self.at.max(now);
    }
}

impl Busy {
    pub(crate) fn new(slots: u32) -> Self {
        let now = Instant::now();
        Self {
            slots: slots.max(1),
            state: Mutex::new(State {
                active: 0,
                was_used: false,
                busy: Duration::ZERO,
                at: now,
                asked: now,
            }),
        }
    }

    pub(crate) fn begin(&self) {
        self.change(|state| {
            state.active = state.active.saturating_add(1);
            state.was_used = true;
        });
    }

    pub(crate) fn end(&self) {
        self.change(|state| state.active = state.active.saturating_sub(1));
    }

    /// In percent of what the slots could have been in use since it was last asked for; nothing if that
    /// was just now.
    pub(crate) fn percent(&self) -> Option<f64> {
        self.change(|state| {
            let whole = state
                .at
                .saturating_duration_since(state.asked)
                .as_secs_f64();
            let whole = whole * f64::from(self.slots);
            if whole == 0.0 {
                return None;
            }
            let busy = std::mem::take(&mut state.busy).as_secs_f64();
            state.asked = state.at;
            // More at once than there are slots is no more than all of them.
            Some((100.0 * busy / whole).min(100.0))
        })
    }

    /// Whether it was ever in use.
    fn was_used(&self) -> bool {
        self.change(|state| state.was_used)
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(now);
        change(&mut state)
    }
}

/// Shows how much of the time something was in use, in percent: benches, workers, machines. Each value
/// is about the time between two calls of [`observe`](Self::observe), and what was never in use has none.
///
/// ```
/// use throughline_catalog::{catalog, label};
/// use throughline_job::Utilization;
///
/// label! { pub enum Bench { Arm = "arm", X86 = "x86" } }
///
/// catalog! { pub mod lab, budget 10;
///     /// Time that a bench was in use.
///     gauge bench_utilization_percent { bench: Bench };
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// # let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// # let _here = metrics::set_default_local_recorder(&recorder);
/// // Two boards are on each bench.
/// let benches = Utilization::new(lab::bench_utilization_percent, 2);
/// let in_use = benches.begin((Bench::Arm,));
/// # tokio::time::advance(std::time::Duration::from_secs(30)).await;
/// // … the tests run …
/// drop(in_use);
/// // Every few seconds; or `benches.observe_every(…)` in a task of its own.
/// benches.observe();
/// # let values = recorder.snapshotter().snapshot().into_vec();
/// # let shown: Vec<_> = values.iter().map(|(_, _, _, value)| value).collect();
/// # assert!(format!("{shown:?}").contains("50"), "{shown:?}");
/// # }
/// ```
pub struct Utilization<F: Family<Handle = Gauge>> {
    store: &'static Store<Gauge>,
    busy: Arc<[Busy]>,
    family: PhantomData<fn(F::Labels)>,
}

impl<F: Family<Handle = Gauge>> Utilization<F> {
    /// Shows utilizations in `family`; each combination of labels has so many slots.
    #[must_use]
    pub fn new(_: F, slots: u32) -> Self {
        Self {
            store: F::store(),
            busy: (0..F::Labels::CARDINALITY)
                .map(|_| Busy::new(slots))
                .collect(),
            family: PhantomData,
        }
    }

    /// One slot is in use until what this returns is dropped.
    pub fn begin(&self, labels: F::Labels) -> InUse {
        let index = labels.index();
        if let Some(busy) = self.busy.get(index) {
            busy.begin();
        }
        InUse {
            busy: Arc::clone(&self.busy),
            index,
        }
    }

    /// Shows the utilizations since the last time.
    pub fn observe(&self) {
        if !span::counts() {
            return;
        }
        let era = Era::current();
        let used = self.busy.iter().enumerate();
        for (index, busy) in used.filter(|(_, busy)| busy.was_used()) {
            if let Some(percent) = busy.percent() {
                self.store.get(era, index).set(percent);
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
}

impl<F: Family<Handle = Gauge>> fmt::Debug for Utilization<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Utilization")
            .field("family", &F::DESC.name())
            .finish_non_exhaustive()
    }
}

/// A slot in use; see [`Utilization::begin`].
#[must_use = "the slot is in use until this is dropped"]
pub struct InUse {
    busy: Arc<[Busy]>,
    index: usize,
}

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(busy) = self.busy.get(self.index) {
            busy.end();
        }
    }
}

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InUse").finish_non_exhaustive()
    }
}
