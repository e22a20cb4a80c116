//! The concern *metrics*: the caller's families, bound to what a call tells.

use std::time::Instant;

use throughline_catalog::{Bound, Counter, Era, Gauge, Histogram};

use crate::call::Call;

/// The families that a layer counts; each is optional.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) total: Option<Bound<Counter, Call>>,
    pub(crate) duration: Option<Bound<Histogram, Call>>,
    pub(crate) in_flight: Option<Bound<Gauge, Call>>,
}

/// What a call began under: its end is counted in the same place.
///
/// Made once the span is open, so that nothing can break between raising the gauge and the observer
/// that lowers it.
#[derive(Debug)]
pub(crate) struct Begun {
    started: Instant,
    era: Era,
    in_flight: Option<Gauge>,
}

impl Metrics {
    /// The time of the call; none if there is nothing to count, which then costs nothing.
    pub(crate) fn arrival(&self) -> Option<Instant> {
        let Self {
            total,
            duration,
            in_flight,
        } = self;
        let counts = total.is_some() || duration.is_some() || in_flight.is_some();
        counts.then(Instant::now)
    }

    pub(crate) fn begin(&self, started: Instant, call: &Call) -> Begun {
        let era = Era::current();
        let in_flight = self.in_flight.as_ref().map(|family| {
            let gauge = Gauge::clone(&family.at(era, call));
            gauge.increment(1.0);
            gauge
        });
        Begun {
            started,
            era,
            in_flight,
        }
    }

    pub(crate) fn end(&self, begun: &Begun, call: &Call) {
        let Begun {
            started,
            era,
            in_flight,
        } = begun;
        if let Some(gauge) = in_flight {
            gauge.decrement(1.0);
        }
        if let Some(family) = &self.total {
            family.at(*era, call).increment(1);
        }
        if let Some(family) = &self.duration {
            family.at(*era, call).record(started.elapsed());
        }
    }
}
