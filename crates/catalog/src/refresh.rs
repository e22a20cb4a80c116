//! Handles that are registered anew from time to time, for exporters that forget idle series.
//!
//! Off, the handles of a family are the recorder's own and nothing here is asked. On, a handle is
//! one of ours that the recorder's stands behind, so that also a clone of it, which a guard has
//! kept, finds its way to the series that is shown.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use metrics::{CounterFn, GaugeFn, HistogramFn};

use crate::source::Series;
use crate::{Counter, Gauge, Handle, Histogram};

/// In nanoseconds; 0 is off.
static EVERY: AtomicU64 = AtomicU64::new(0);

/// How many handles have been kept that are not renewed.
static PLAIN: AtomicUsize = AtomicUsize::new(0);

/// Registers every handle anew that is older than `every` before it is used, in the whole process.
///
/// Needed with an exporter that evicts idle series, such as `metrics-exporter-prometheus` with an
/// `idle_timeout`: what is recorded through a handle from before the eviction goes where nobody looks,
/// for ever. `every` must be **below the exporter's idle time-out**, half of it say; then a handle
/// whose series can have been evicted is always old enough to be renewed. Call it at start-up, before
/// anything is recorded; it can be called again with another `every`.
///
/// A gauge comes back with what all handles of its series have added up to, or with the value that
/// was set last. For that the series has to be moved through its family alone. Counters and histograms
/// come back at zero, which a query takes for a restart. Handles of a local recorder are not renewed:
/// they are made for each use, and a clone of one stays what it is.
///
/// It is off unless called, and then costs nothing. On, a record costs a clock read and a read lock
/// more, and no allocation but where a handle is renewed. Eviction at the very moment of a record can
/// still lose that one.
///
/// ```
/// use std::time::Duration;
///
/// // The exporter forgets what has been idle for ten minutes.
/// throughline_catalog::refresh_handles(Duration::from_secs(300))?;
///
/// let zero = throughline_catalog::refresh_handles(Duration::ZERO).unwrap_err();
/// assert!(zero.is_zero());
/// # Ok::<(), throughline_catalog::RefreshError>(())
/// ```
///
/// # Errors
/// If `every` is zero, or if handles are in use already that could not be renewed.
pub fn refresh_handles(every: Duration) -> Result<(), RefreshError> {
    let nanos = u64::try_from(every.as_nanos()).unwrap_or(u64::MAX);
    if nanos == 0 {
        return Err(RefreshError { why: Why::Zero });
    }
    match PLAIN.load(Ordering::SeqCst) {
        0 => {
            EVERY.store(nanos, Ordering::SeqCst);
            Ok(())
        }
        handles => Err(RefreshError {
            why: Why::TooLate { handles },
        }),
    }
}

/// Why handles are not renewed; see [`refresh_handles`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshError {
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Zero,
    TooLate { handles: usize },
}

impl RefreshError {
    /// Whether the time between renewals was zero.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        matches!(self.why, Why::Zero)
    }

    /// Whether handles were in use already.
    #[must_use]
    pub const fn is_too_late(&self) -> bool {
        matches!(self.why, Why::TooLate { .. })
    }
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::Zero => f.write_str(
                "handles cannot be renewed every 0 s; give a time below the exporter's idle time-out",
            ),
            Why::TooLate { handles } => write!(
                f,
                "{handles} handles are in use that will not be renewed; call `refresh_handles` \
                 before anything is recorded",
            ),
        }
    }
}

impl std::error::Error for RefreshError {}

/// Whether a handle that is made now has to be renewed. One that is not is counted.
pub(crate) fn is_on() -> bool {
    // Counted first: `refresh_handles` then sees the handle, or this sees what it has set.
    PLAIN.fetch_add(1, Ordering::SeqCst);
    let on = EVERY.load(Ordering::SeqCst) != 0;
    if on {
        PLAIN.fetch_sub(1, Ordering::SeqCst);
    }
    on
}

/// A handle, and how to get another for the same series.
#[derive(Debug)]
pub(crate) struct Renewing<H> {
    series: Series,
    handle: RwLock<H>,
    // In nanoseconds of `now`.
    made: AtomicU64,
}

impl<H: Handle> Renewing<H> {
    pub(crate) fn new(series: Series, handle: H) -> Self {
        Self {
            series,
            handle: RwLock::new(handle),
            made: AtomicU64::new(now()),
        }
    }

    #[inline]
    fn is_old(&self, now: u64) -> bool {
        // Relaxed, like all of `made`: the handle itself is read under its lock.
        let age = now.saturating_sub(self.made.load(Ordering::Relaxed));
        EVERY.load(Ordering::Relaxed) < age
    }

    /// The handle to use now. Cloned, so that a recorder's code runs with nothing locked.
    #[inline]
    fn current(&self) -> H {
        let now = now();
        if self.is_old(now) {
            self.renew(now, |_| {});
        }
        self.read().clone()
    }

    /// Several threads may do it at once. Each has to before it records: the old handle may be dead.
    #[cold]
    fn renew(&self, now: u64, prepare: impl FnOnce(&H)) {
        let fresh = self.series.register(false);
        let mut handle = self.write();
        if !self.is_old(now) {
            return;
        }
        // Without one, because no thread could be had, the old one is the best there is for a while.
        if let Some(fresh) = fresh {
            prepare(&fresh);
            *handle = fresh;
        }
        self.made.store(now, Ordering::Relaxed);
    }

    fn read(&self) -> RwLockReadGuard<'_, H> {
        self.handle.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, H> {
        self.handle.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CounterFn for Renewing<Counter> {
    fn increment(&self, n: u64) {
        self.current().increment(n);
    }

    fn absolute(&self, total: u64) {
        self.current().absolute(total);
    }
}

impl HistogramFn for Renewing<Histogram> {
    fn record(&self, sample: f64) {
        self.current().record(sample);
    }
}

/// A gauge that knows its own value, since a recorder does not tell it.
#[derive(Debug)]
pub(crate) struct RenewingGauge {
    gauge: Renewing<Gauge>,
    // The bits of an `f64`. Moved together with the recorder's gauge, under the read lock for what
    // can be done in any order, under the write lock for what cannot.
    value: AtomicU64,
}

impl RenewingGauge {
    pub(crate) fn new(series: Series, gauge: Gauge) -> Self {
        Self {
            gauge: Renewing::new(series, gauge),
            value: AtomicU64::new(0.0_f64.to_bits()),
        }
    }

    fn renew(&self) {
        let now = now();
        if self.gauge.is_old(now) {
            self.gauge.renew(now, |fresh| {
                fresh.set(f64::from_bits(self.value.load(Ordering::Relaxed)));
            });
        }
    }
}

impl GaugeFn for RenewingGauge {
    fn increment(&self, value: f64) {
        self.renew();
        let gauge = self.gauge.read();
        GaugeFn::increment(&self.value, value);
        gauge.increment(value);
    }

    fn decrement(&self, value: f64) {
        self.renew();
        let gauge = self.gauge.read();
        GaugeFn::decrement(&self.value, value);
        gauge.decrement(value);
    }

    fn set(&self, value: f64) {
        self.renew();
        let gauge = self.gauge.write();
        GaugeFn::set(&self.value, value);
        gauge.set(value);
    }
}

/// Nanoseconds since the first handle that is renewed.
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
