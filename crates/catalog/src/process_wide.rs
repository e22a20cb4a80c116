//! Which recorder is current, and whether the whole process has it.
//!
//! The facade does not say whether a recorder is local to a thread. But a process sees at most two
//! that are not: its no-op, which is a static, and the global one, which is leaked. Neither's
//! address is ever used again, so an address that is once known to be theirs is known for ever.
//! What a new thread sees is one of the two, since nobody has given that thread a local one.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;

use metrics::Recorder;

use crate::era::Era;

/// Below this an address is no memory: a recorder without size in a box.
const LOWEST: usize = 4096;

/// How often a recorder found to be local is believed to be it, before the next proof. A local
/// recorder's memory may become the global one's.
const BELIEVED: u32 = 4096;

// The only one of size zero: the no-op. The other has a size, so a static of no size that happens
// to share its address with another is not taken for it.
static NOOP: AtomicUsize = AtomicUsize::new(0);
static GLOBAL: AtomicUsize = AtomicUsize::new(0);

/// The local recorders seen last, so that one that stays does not cost a thread a call. Several,
/// because the threads of a test binary have one each.
static LOCAL: [Seen; 32] = [const {
    Seen {
        address: AtomicUsize::new(0),
        uses: AtomicU32::new(0),
    }
}; 32];

struct Seen {
    address: AtomicUsize,
    uses: AtomicU32,
}

/// A recorder, told by where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) address: usize,
    pub(crate) sized: bool,
}

impl Identity {
    #[inline]
    pub(crate) fn of(recorder: &dyn Recorder) -> Self {
        Self {
            address: std::ptr::from_ref(recorder).cast::<()>() as usize,
            sized: size_of_val(recorder) != 0,
        }
    }

    #[inline]
    pub(crate) fn current() -> Self {
        metrics::with_recorder(Self::of)
    }

    /// What this recorder is, if that has been proved.
    #[inline]
    fn known(self) -> Option<Era> {
        // Relaxed: the address is all there is to know, and nothing is read through it.
        if self.sized {
            (self.address == GLOBAL.load(Ordering::Relaxed)).then_some(Era::GLOBAL)
        } else {
            (self.address == NOOP.load(Ordering::Relaxed)).then_some(Era::SILENT)
        }
    }

    #[inline]
    pub(crate) fn era(self) -> Era {
        self.known().unwrap_or_else(|| self.prove())
    }

    #[cold]
    fn prove(self) -> Era {
        let local = Era::local(self);
        let place = if self.sized { &GLOBAL } else { &NOOP };
        // There is only one of each, and this is not it.
        if self.address < LOWEST || place.load(Ordering::Relaxed) != 0 {
            return local;
        }
        let seen = &LOCAL[(self.address >> 4) % LOCAL.len()];
        if seen.address.load(Ordering::Relaxed) == self.address
            && seen.uses.fetch_add(1, Ordering::Relaxed) < BELIEVED
        {
            return local;
        }
        if let Some(shared) = elsewhere(Self::current) {
            shared.remember();
        }
        self.known().unwrap_or_else(|| {
            seen.uses.store(0, Ordering::Relaxed);
            seen.address.store(self.address, Ordering::Relaxed);
            local
        })
    }

    /// This is what a new thread saw.
    fn remember(self) {
        if LOWEST <= self.address {
            let place = if self.sized { &GLOBAL } else { &NOOP };
            place.store(self.address, Ordering::Relaxed);
        }
    }
}

/// Runs `f` where no local recorder is. `None` where there can be no thread.
#[cold]
pub(crate) fn elsewhere<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    thread::Builder::new()
        .name("metrics-recorder".to_owned())
        .spawn(f)
        .ok()?
        .join()
        .ok()
}
