//! The concern *metrics*: the caller's families, bound to what an exchange tells.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::Recorder;
use throughline_catalog::{Bound, Counter, Era, Family, Gauge, Handle, Histogram};
use throughline_context::{Concern, Switch};

use crate::exchange::Exchange;

/// The families that a layer counts; each is optional.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    given: Option<Given>,
    pub(crate) total: Option<Bound<Counter, Exchange>>,
    pub(crate) duration: Option<Bound<Histogram, Exchange>>,
    pub(crate) stream_duration: Option<Bound<Histogram, Exchange>>,
    pub(crate) time_to_headers: Option<Bound<Histogram, Exchange>>,
    pub(crate) in_flight: Option<Bound<Gauge, Exchange>>,
    pub(crate) request_size: Option<Bound<Histogram, Exchange>>,
    pub(crate) response_size: Option<Bound<Histogram, Exchange>>,
}

/// The recorder that a layer was given.
#[derive(Clone)]
pub(crate) struct Given(pub(crate) Arc<dyn Recorder + Send + Sync>);

impl Given {
    /// The family in the recorder that was given, if one was.
    pub(crate) fn bind<H: Handle, X>(given: Option<&Self>, family: Bound<H, X>) -> Bound<H, X> {
        match given {
            Some(Self(recorder)) => family.given(Arc::clone(recorder)),
            None => family,
        }
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}

/// What a request began under: its end is counted in the same place.
///
/// Made once the span is open, so that nothing can break between raising the gauge and the observer
/// that lowers it.
#[derive(Debug)]
pub(crate) struct Begun {
    started: Instant,
    /// Whether the switch was on when the request came: what was begun is ended.
    is_counted: bool,
    era: Era,
    in_flight: Raised,
}

/// The gauge that a request raised.
#[derive(Debug)]
enum Raised {
    None,
    /// By its label index: a share of its handle would cost two atomic writes.
    Series(usize),
    /// A local recorder's, which may be left before the request ends.
    Own(Box<Gauge>),
}

impl Metrics {
    /// Binds `family`, in the recorder that was given if there is one.
    pub(crate) fn bind<F, H>(
        &self,
        family: F,
        index: fn(&Exchange) -> usize,
    ) -> Option<Bound<H, Exchange>>
    where
        F: Family<Handle = H>,
        H: Handle,
    {
        let family = Bound::new(family, index);
        Some(Given::bind(self.given.as_ref(), family))
    }

    /// Binds every family to `recorder`, those that are added later included.
    pub(crate) fn give(&mut self, recorder: Arc<dyn Recorder + Send + Sync>) {
        fn give<H: Handle>(
            family: &mut Option<Bound<H, Exchange>>,
            recorder: &Arc<dyn Recorder + Send + Sync>,
        ) {
            if let Some(bound) = family {
                *bound = bound.given(Arc::clone(recorder));
            }
        }
        let Self {
            given,
            total,
            duration,
            stream_duration,
            time_to_headers,
            in_flight,
            request_size,
            response_size,
        } = self;
        give(total, &recorder);
        give(duration, &recorder);
        give(stream_duration, &recorder);
        give(time_to_headers, &recorder);
        give(in_flight, &recorder);
        give(request_size, &recorder);
        give(response_size, &recorder);
        *given = Some(Given(recorder));
    }

    /// The time of arrival; none if there is nothing to count, which then costs nothing.
    pub(crate) fn arrival(&self) -> Option<Instant> {
        let is_on = self.counts() && Switch::global().is_on(Concern::Metrics);
        is_on.then(Instant::now)
    }

    /// Whether there is anything to count.
    pub(crate) const fn counts(&self) -> bool {
        let Self {
            given: _,
            total,
            duration,
            stream_duration,
            time_to_headers,
            in_flight,
            request_size,
            response_size,
        } = self;
        total.is_some()
            || duration.is_some()
            || stream_duration.is_some()
            || time_to_headers.is_some()
            || in_flight.is_some()
            || request_size.is_some()
            || response_size.is_some()
    }

    pub(crate) fn begin(&self, started: Instant, exchange: &Exchange) -> Begun {
        let era = Era::current();
        let is_counted = Switch::global().is_on(Concern::Metrics);
        let in_flight = match &self.in_flight {
            Some(family) if is_counted => {
                let index = family.index(exchange);
                let gauge = family.at_index(era, index);
                gauge.increment(1.0);
                match gauge.into_own() {
                    None => Raised::Series(index),
                    Some(gauge) => Raised::Own(Box::new(gauge)),
                }
            }
            _ => Raised::None,
        };
        Begun {
            started,
            is_counted,
            era,
            in_flight,
        }
    }

    /// Takes the request out of those in flight, and does nothing else.
    pub(crate) fn lower(&self, begun: &Begun) {
        match &begun.in_flight {
            Raised::None => {}
            Raised::Series(index) => {
                if let Some(family) = &self.in_flight {
                    family.at_index(begun.era, *index).decrement(1.0);
                }
            }
            Raised::Own(gauge) => gauge.decrement(1.0),
        }
    }

    /// The head has come.
    pub(crate) fn head(&self, begun: &Begun, exchange: &Exchange) {
        if let Some(family) = self.time_to_headers.as_ref().filter(|_| begun.is_counted) {
            family.at(begun.era, exchange).record(begun.elapsed());
        }
    }

    pub(crate) fn end(&self, begun: &Begun, exchange: &Exchange) {
        self.end_after(begun, exchange, begun.elapsed());
    }

    /// As `end`, of a request that took `took`.
    pub(crate) fn end_after(&self, begun: &Begun, exchange: &Exchange, took: Duration) {
        if !begun.is_counted {
            return;
        }
        self.lower(begun);
        let era = begun.era;
        if let Some(family) = &self.total {
            family.at(era, exchange).increment(1);
        }
        let duration = if exchange.is_stream() {
            &self.stream_duration
        } else {
            &self.duration
        };
        if let Some(family) = duration {
            family.at(era, exchange).record(took);
        }
        if let Some(family) = &self.request_size
            && let Some(bytes) = exchange.request_bytes()
        {
            family.at(era, exchange).record(bytes as f64);
        }
        if let Some(family) = &self.response_size {
            family
                .at(era, exchange)
                .record(exchange.response_bytes() as f64);
        }
    }
}

impl Begun {
    /// The time since the request's arrival.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
