//! What may be wrong with a propagator's configuration.

use std::fmt;

/// A [`Propagator`](crate::Propagator) cannot be built as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A key of the baggage's allowlist is the name of a secret, and secrets do not travel.
    SecretInBaggage {
        /// The key.
        key: Box<str>,
    },
    /// A key of the baggage's allowlist is none that baggage may have.
    NoBaggageKey {
        /// The key.
        key: Box<str>,
    },
    /// A field of a foreign propagator is no name of a header.
    NoFieldName {
        /// The field.
        field: Box<str>,
    },
    /// A field of a foreign propagator is one that this crate writes itself.
    OwnField {
        /// The field.
        field: Box<str>,
    },
    /// The header budget has no room for the trace context.
    BudgetTooSmall {
        /// The least budget, in bytes.
        least: usize,
        /// The budget that was asked for, in bytes.
        asked: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretInBaggage { key } => write!(
                f,
                "baggage key {key:?}: the name is that of a secret, which must not travel; take it \
                 off the list"
            ),
            Self::NoBaggageKey { key } => write!(
                f,
                "baggage key {key:?}: a key is one or more letters, digits and marks of \
                 !#$%&'*+-.^_`|~"
            ),
            Self::NoFieldName { field } => {
                write!(f, "propagation field {field:?}: not the name of a header")
            }
            Self::OwnField { field } => write!(
                f,
                "propagation field {field:?}: the propagator writes it itself; take the other \
                 propagator away"
            ),
            Self::BudgetTooSmall { least, asked } => write!(
                f,
                "header budget of {asked} bytes: the trace context needs {least}"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}
