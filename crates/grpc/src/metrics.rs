//! The concern *metrics*: the caller's families, bound to what a call tells.

use std::time::Duration;

use throughline_catalog::{Bound, Counter, Era, Gauge, Histogram};

use crate::{
    call::Call,
    code::Code,
    labels::{MetadataSource, Outcome},
    methods::Methods,
    wire::Passed,
};

/// The families that a layer counts; of each there can be several, as a dashboard that moves from
/// one name to another needs both for a while.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) started: Vec<Bound<Counter, Call>>,
    pub(crate) total: Vec<Bound<Counter, Call>>,
    pub(crate) duration: Vec<Bound<Histogram, Call>>,
    pub(crate) in_flight: Vec<Bound<Gauge, Call>>,
    pub(crate) retries: Vec<Bound<Histogram, Call>>,
    pub(crate) sent: Flow,
    pub(crate) received: Flow,
    pub(crate) sources: Vec<&'static MetadataSource>,
}

/// The families of the messages in one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow {
    pub(crate) messages: Vec<Bound<Counter, Call>>,
    pub(crate) bytes: Vec<Bound<Counter, Call>>,
    /// Of a whole call.
    pub(crate) size: Vec<Bound<Histogram, Call>>,
}

/// What a call began under: its end is counted in the same place.
///
/// Made once the span is open, so that nothing can break between raising the gauge and the observer
/// that lowers it.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) era: Era,
    // The families with their first handles, so that a level comes down where it went up.
    first: Option<Gauge>,
    more: Box<[Gauge]>,
}

impl Metrics {
    /// Whether anything is counted; if not, that costs nothing.
    pub(crate) const fn counts(&self) -> bool {
        !self.started.is_empty()
            || !self.total.is_empty()
            || !self.duration.is_empty()
            || !self.in_flight.is_empty()
            || !self.retries.is_empty()
            || self.sent.counts()
            || self.received.counts()
    }

    /// Has the label's metadata read.
    pub(crate) fn read(&mut self, source: &'static MetadataSource) {
        source.register();
        if !self
            .sources
            .iter()
            .any(|known| std::ptr::eq(*known, source))
        {
            self.sources.push(source);
        }
    }

    pub(crate) fn begin(&self, call: &Call) -> Begun {
        let era = Era::current();
        for family in &self.started {
            family.at(era, call).increment(1);
        }
        let mut gauges = self.in_flight.iter().map(|family| {
            let gauge = Gauge::clone(&family.at(era, call));
            gauge.increment(1.0);
            gauge
        });
        Begun {
            era,
            first: gauges.next(),
            more: gauges.collect(),
        }
    }

    pub(crate) fn end(&self, begun: &Begun, took: Option<Duration>, call: &Call) {
        let Begun { era, first, more } = begun;
        for gauge in first.iter().chain(more) {
            gauge.decrement(1.0);
        }
        for family in &self.total {
            family.at(*era, call).increment(1);
        }
        if let Some(took) = took {
            for family in &self.duration {
                family.at(*era, call).record(took);
            }
        }
    }

    pub(crate) fn retried(&self, begun: &Begun, retries: u32, call: &Call) {
        for family in &self.retries {
            family.at(begun.era, call).record(f64::from(retries));
        }
    }

    /// Makes the series exist, at zero, that calls of these methods will count in.
    pub(crate) fn zero(&self, methods: &Methods, target: impl Fn(Call) -> Call) {
        let era = Era::current();
        let make = |families: &[Bound<Counter, Call>], call: &Call| {
            for family in families {
                family.at(era, call).increment(0);
            }
        };
        for (method, call_type) in methods.iter() {
            let mut call = target(Call::begun(method, call_type));
            make(&self.started, &call);
            for flow in [&self.sent, &self.received] {
                make(&flow.messages, &call);
                make(&flow.bytes, &call);
            }
            for family in &self.in_flight {
                family.at(era, &call).increment(0.0);
            }
            for code in Code::ALL {
                call.ended(*code, Outcome::Completed);
                make(&self.total, &call);
            }
            call.ended(Code::Ok, Outcome::Completed);
            let sizes = self.sent.size.iter().chain(&self.received.size);
            for family in self.duration.iter().chain(sizes) {
                let _ = family.at(era, &call);
            }
        }
    }
}

impl Flow {
    const fn counts(&self) -> bool {
        !self.messages.is_empty() || !self.bytes.is_empty() || !self.size.is_empty()
    }

    /// Counts messages as they pass.
    pub(crate) fn passed(&self, era: Era, call: &Call, passed: Passed) {
        for family in &self.messages {
            family.at(era, call).increment(passed.messages);
        }
        for family in &self.bytes {
            family.at(era, call).increment(passed.bytes);
        }
    }

    /// Observes how many bytes a call had.
    pub(crate) fn ended(&self, era: Era, call: &Call, bytes: u64) {
        for family in &self.size {
            family.at(era, call).record(bytes as f64);
        }
    }
}
