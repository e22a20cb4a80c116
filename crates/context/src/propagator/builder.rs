//! How a propagator is configured.

use std::{fmt, sync::OnceLock};

use opentelemetry::propagation::TextMapPropagator;
use throughline_correlation::{Key, names_a_secret};

use super::{Format, Propagator, foreign::Foreign, inject::LEAST_BUDGET};
use crate::{
    baggage::{BaggageRule, is_key},
    error::ConfigError,
};

/// Configures a [`Propagator`].
#[must_use = "nothing is configured until it is built"]
pub struct PropagatorBuilder {
    propagator: Propagator,
    beside: Vec<Box<dyn TextMapPropagator + Send + Sync>>,
}

impl PropagatorBuilder {
    pub(super) const fn new() -> Self {
        Self {
            propagator: Propagator::new(),
            beside: Vec::new(),
        }
    }

    /// The formats that are read. W3C is asked first whatever the order; if a caller sent anything of
    /// it, valid or not, the binary form is not looked at.
    pub fn accept(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.propagator.accept = formats.into_iter().collect();
        self
    }

    /// The formats that are written; those that are not are removed from the carrier.
    pub fn send(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.propagator.send = formats.into_iter().collect();
        self
    }

    /// Sets another propagator beside this one, such as that of B3 or X-Ray. It is asked for a parent
    /// where none came in the formats accepted, in the order of these calls, and it writes its fields
    /// along with ours. Only the fields that it names are read and written.
    pub fn beside(mut self, other: impl TextMapPropagator + Send + Sync + 'static) -> Self {
        self.beside.push(Box::new(other));
        self
    }

    /// The baggage that crosses, in both directions. What is not allowed is neither put in the context
    /// nor sent.
    pub fn baggage(self, rule: BaggageRule) -> Self {
        self.accept_baggage(rule.clone()).send_baggage(rule)
    }

    /// The baggage that is read.
    pub fn accept_baggage(mut self, rule: BaggageRule) -> Self {
        self.propagator.accept_baggage = rule;
        self
    }

    /// The baggage that is written.
    pub fn send_baggage(mut self, rule: BaggageRule) -> Self {
        self.propagator.send_baggage = rule;
        self
    }

    /// The ids that are read and written.
    pub fn ids(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.propagator.ids = [false; Key::ALL.len()];
        for key in keys {
            self.propagator.ids[key as usize] = true;
        }
        self
    }

    /// The bytes that all that is written may have, each field counted as HTTP/2 counts it: name,
    /// value and 32 more. Peers refuse requests, and some end the connection, above 8 kB for all
    /// headers together. Where there is no room for all, the baggage goes first, then the state.
    pub const fn budget(mut self, bytes: usize) -> Self {
        self.propagator.budget = bytes;
        self
    }

    /// The propagator.
    ///
    /// # Errors
    /// [`ConfigError`] if a key of the baggage is no key or a secret's name, if another propagator's
    /// field cannot be a header or is one of ours, or if the budget has no room for the trace context.
    pub fn build(self) -> Result<Propagator, ConfigError> {
        let mut propagator = self.propagator;
        let rules = [&propagator.accept_baggage, &propagator.send_baggage];
        for key in rules.into_iter().flat_map(BaggageRule::keys) {
            if !is_key(key) {
                return Err(ConfigError::NoBaggageKey { key: key.clone() });
            }
            if names_a_secret(key) {
                return Err(ConfigError::SecretInBaggage { key: key.clone() });
            }
        }
        if propagator.budget < LEAST_BUDGET {
            return Err(ConfigError::BudgetTooSmall {
                least: LEAST_BUDGET,
                asked: propagator.budget,
            });
        }
        if !self.beside.is_empty() {
            let foreign: Result<_, _> = self.beside.into_iter().map(Foreign::new).collect();
            propagator.foreign = Some(foreign?);
        }
        propagator.fields = OnceLock::new();
        Ok(propagator)
    }
}

impl fmt::Debug for PropagatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropagatorBuilder")
            .field("propagator", &self.propagator)
            .field("beside", &self.beside)
            .finish()
    }
}
