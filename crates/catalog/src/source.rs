//! Which recorder the handles of a store come from, and how one is registered there.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use metrics::{Key, Recorder};

use crate::process_wide::elsewhere;
use crate::refresh::RenewingGauge;
use crate::{Desc, Era, Handle};

/// The recorder of a store.
#[derive(Clone)]
pub(crate) enum Source {
    /// The recorder of the process.
    Global,
    /// The one that the store was given.
    Given(Arc<dyn Recorder + Send + Sync>),
}

impl Source {
    pub(crate) const fn is_given(&self) -> bool {
        matches!(self, Self::Given(_))
    }

    /// An address that no other living recorder has.
    fn address(&self) -> usize {
        match self {
            Self::Global => 0,
            Self::Given(recorder) => Arc::as_ptr(recorder).cast::<()>() as usize,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "Global",
            Self::Given(_) => "Given",
        })
    }
}

/// One series of a family, in one recorder.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) source: Source,
    pub(crate) desc: &'static Desc,
    pub(crate) index: usize,
}

impl Series {
    /// Registers the series, with nothing locked: what a recorder does then is its own affair, and
    /// may be to use a family. `None` if the global recorder cannot be reached from here.
    pub(crate) fn register<H: Handle>(&self, first: bool) -> Option<H> {
        let (desc, index) = (self.desc, self.index);
        let register = move |recorder: &dyn Recorder| {
            if first {
                desc.describe_to(recorder);
            }
            desc.show_caps(recorder, first);
            desc.handle_from(recorder, index)
        };
        if let Source::Given(recorder) = &self.source {
            return Some(register(recorder));
        }
        if Era::current() == Era::GLOBAL {
            return Some(metrics::with_recorder(register));
        }
        // The work began under the global recorder, and ends where a local one hides it.
        elsewhere(move || metrics::with_recorder(register))
    }

    /// The series' gauge that is renewed: one for all stores, because it knows the value.
    pub(crate) fn gauge(self, make: impl FnOnce(Self) -> RenewingGauge) -> Arc<RenewingGauge> {
        static GAUGES: OnceLock<Mutex<Gauges>> = OnceLock::new();
        let key = (self.source.address(), self.desc.key(self.index));
        // A gauge keeps its recorder, so one that lives proves that the address is still the same's.
        let gauges = GAUGES.get_or_init(Mutex::default);
        let mut gauges = gauges.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gauge) = gauges.known.get(&key).and_then(Weak::upgrade) {
            return gauge;
        }
        if gauges.known.len() == gauges.next_sweep {
            gauges.known.retain(|_, gauge| gauge.strong_count() != 0);
            gauges.next_sweep = 64.max(gauges.known.len() * 2);
        }
        let gauge = Arc::new(make(self));
        gauges.known.insert(key, Arc::downgrade(&gauge));
        gauge
    }
}

#[derive(Default)]
struct Gauges {
    known: HashMap<(usize, Key), Weak<RenewingGauge>>,
    // The dead are taken out when there are twice as many as lived last time.
    next_sweep: usize,
}
