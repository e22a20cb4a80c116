//! The switch: instrumentation on and off while the service runs.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

/// What can be switched off by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Concern {
    /// What the layers count and time.
    Metrics,
    /// The spans that the layers and the job helpers open.
    Spans,
    /// The line for each request.
    AccessLog,
    /// What the job helpers do beside running the work.
    Jobs,
}

impl Concern {
    /// Every concern.
    pub const ALL: [Self; 4] = [Self::Metrics, Self::Spans, Self::AccessLog, Self::Jobs];

    /// The flag that switches this concern alone.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Metrics => "enable-observability-metrics",
            Self::Spans => "enable-observability-spans",
            Self::AccessLog => "enable-observability-access-log",
            Self::Jobs => "enable-observability-jobs",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Stands for all concerns together, so that what is switched off alone stays off when all comes back.
const ALL: u8 = 1 << 7;

static PROCESS: AtomicU8 = AtomicU8::new(u8::MAX);

/// Says at each request whether a concern is on. Everything is on at first.
///
/// Layers and helpers use the process's switch unless they are given another. What began while a
/// concern was on ends as if it still were: nothing stays counted as in flight. Trace context and ids
/// are passed on whatever the switch says.
///
/// ```
/// use throughline_context::{Concern, Switch};
///
/// let switch = Switch::new();
/// assert!(switch.is_on(Concern::Spans));
///
/// switch.set(Concern::Spans, false);
/// assert!(!switch.is_on(Concern::Spans));
/// assert!(switch.is_on(Concern::Metrics));
///
/// // What a flag service calls the whole of it.
/// switch.set_by_name(Switch::FLAG, false)?;
/// assert!(!switch.is_on(Concern::Metrics));
/// switch.set_by_name(Switch::FLAG, true)?;
/// assert!(switch.is_on(Concern::Metrics));
/// assert!(!switch.is_on(Concern::Spans), "it was switched off alone");
/// # Ok::<(), throughline_context::UnknownFlag>(())
/// ```
#[derive(Clone)]
pub struct Switch(Bits);

#[derive(Clone)]
enum Bits {
    Process,
    Own(Arc<AtomicU8>),
}

impl Switch {
    /// The flag for all concerns together.
    pub const FLAG: &'static str = "enable-observability-instrumentation";

    /// A switch of its own, which its clones share: for tests, and for parts of a process that are
    /// switched apart.
    #[must_use]
    pub fn new() -> Self {
        Self(Bits::Own(Arc::new(AtomicU8::new(u8::MAX))))
    }

    /// The process's switch.
    #[must_use]
    pub const fn global() -> Self {
        Self(Bits::Process)
    }

    /// Whether the concern is on. One relaxed load.
    #[must_use]
    #[inline]
    pub fn is_on(&self, concern: Concern) -> bool {
        let asked = ALL | concern.bit();
        self.bits().load(Ordering::Relaxed) & asked == asked
    }

    /// Switches one concern. It is on if all together are, too.
    pub fn set(&self, concern: Concern, on: bool) {
        self.write(concern.bit(), on);
    }

    /// Switches all concerns together; what is switched off alone stays off.
    pub fn set_all(&self, on: bool) {
        self.write(ALL, on);
    }

    /// Switches what a flag names: [`Switch::FLAG`], or that of one [`Concern`].
    ///
    /// # Errors
    /// If no such flag exists; nothing is changed.
    pub fn set_by_name(&self, flag: &str, on: bool) -> Result<(), UnknownFlag> {
        if flag == Self::FLAG {
            self.set_all(on);
            return Ok(());
        }
        let named = |concern: &Concern| concern.flag() == flag;
        let concern = Concern::ALL.into_iter().find(named).ok_or(UnknownFlag)?;
        self.set(concern, on);
        Ok(())
    }

    fn write(&self, bits: u8, on: bool) {
        if on {
            self.bits().fetch_or(bits, Ordering::Relaxed);
        } else {
            self.bits().fetch_and(!bits, Ordering::Relaxed);
        }
    }

    #[inline]
    fn bits(&self) -> &AtomicU8 {
        match &self.0 {
            Bits::Process => &PROCESS,
            Bits::Own(bits) => bits,
        }
    }
}

/// The process's switch.
impl Default for Switch {
    fn default() -> Self {
        Self::global()
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = Concern::ALL.into_iter().filter(|c| self.is_on(*c));
        let is_global = matches!(self.0, Bits::Process);
        f.debug_struct("Switch")
            .field("global", &is_global)
            .field("on", &on.collect::<Vec<_>>())
            .finish()
    }
}

/// There is no flag of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownFlag;

impl fmt::Display for UnknownFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the flags are `{}`", Switch::FLAG)?;
        for concern in Concern::ALL {
            write!(f, ", `{}`", concern.flag())?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownFlag {}
