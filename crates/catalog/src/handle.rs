//! The handles, which refuse what would spoil a series.

use std::fmt;
use std::sync::Arc;

use metrics::{IntoF64, Key, Metadata, Recorder};

use crate::Kind;
use crate::families::{self, Reason};
use crate::refresh::{Renewing, RenewingGauge};
use crate::source::Series;

/// What a family hands out: [`Counter`], [`Gauge`] or [`Histogram`].
pub trait Handle: Clone + fmt::Debug + Send + Sync + sealed::Sealed + 'static {
    /// The kind of the families that hand it out.
    const KIND: Kind;

    /// The handle that records nothing.
    #[doc(hidden)]
    fn noop() -> &'static Self;

    #[doc(hidden)]
    fn register(recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>) -> Self;

    /// A handle in front of this one, which is of `series`, that is renewed.
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "the trait is sealed")]
    fn renewed(self, series: Series) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! handle {
    ($(#[$meta:meta])* $name:ident, $register:ident, |$series:ident, $handle:ident| $renewing:expr) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            inner: metrics::$name,
        }

        impl Handle for $name {
            const KIND: Kind = Kind::$name;

            fn noop() -> &'static Self {
                static NOOP: $name = $name { inner: metrics::$name::noop() };
                &NOOP
            }

            fn register(recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>) -> Self {
                Self { inner: recorder.$register(key, metadata) }
            }

            #[allow(private_interfaces, reason = "the trait is sealed")]
            fn renewed(self, $series: Series) -> Self {
                let $handle = self;
                Self { inner: metrics::$name::from_arc($renewing) }
            }
        }

        impl sealed::Sealed for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

handle! {
    /// One series of a counter family.
    Counter, register_counter, |series, handle| Arc::new(Renewing::new(series, handle))
}

handle! {
    /// One series of a gauge family.
    Gauge, register_gauge,
    |series, handle| series.gauge(|series| RenewingGauge::new(series, handle))
}

handle! {
    /// One series of a histogram family.
    Histogram, register_histogram, |series, handle| Arc::new(Renewing::new(series, handle))
}

impl Counter {
    /// Adds `n`.
    #[inline]
    pub fn increment(&self, n: u64) {
        self.inner.increment(n);
    }

    /// Raises the counter to `total` if it is below: for a count that is kept elsewhere.
    #[inline]
    pub fn absolute(&self, total: u64) {
        self.inner.absolute(total);
    }
}

impl Gauge {
    /// Adds `value`.
    #[inline]
    pub fn increment(&self, value: impl IntoF64) {
        self.inner.increment(value);
    }

    /// Subtracts `value`.
    #[inline]
    pub fn decrement(&self, value: impl IntoF64) {
        self.inner.decrement(value);
    }

    /// Makes the gauge show `value`. A `Duration` is shown in seconds.
    #[inline]
    pub fn set(&self, value: impl IntoF64) {
        self.inner.set(value);
    }
}

impl Histogram {
    /// Records a sample. A `Duration` is recorded in seconds.
    ///
    /// A sample that is negative, infinite or not a number would spoil the sum of the series for
    /// ever. It is dropped, and counted in
    /// [`throughline_samples_rejected_total`](families::throughline::throughline_samples_rejected_total).
    #[inline]
    pub fn record(&self, sample: impl IntoF64) {
        let sample = sample.into_f64();
        if sample.is_finite() && 0.0 <= sample {
            self.inner.record(sample);
        } else {
            reject(sample);
        }
    }
}

#[cold]
fn reject(sample: f64) {
    let reason = if sample.is_finite() {
        Reason::Negative
    } else {
        Reason::NotFinite
    };
    families::throughline::throughline_samples_rejected_total
        .with((reason,))
        .increment(1);
}
