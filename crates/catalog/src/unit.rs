//! The base units.

use std::fmt;

use crate::check_name::{ends_with, without_suffix};

/// The unit that a family's name ends in, `_total` aside.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// `_seconds`
    Seconds,
    /// `_bytes`
    Bytes,
    /// `_ratio`: 0 to 1.
    Ratio,
    /// `_percent`: 0 to 100. A ratio is the base unit; dictated names and gauges use this one.
    Percent,
    /// `_celsius`
    Celsius,
    /// `_meters`
    Meters,
    /// `_volts`
    Volts,
    /// `_amperes`
    Amperes,
    /// `_joules`
    Joules,
    /// `_grams`
    Grams,
}

impl Unit {
    const ALL: [Self; 10] = [
        Self::Seconds,
        Self::Bytes,
        Self::Ratio,
        Self::Percent,
        Self::Celsius,
        Self::Meters,
        Self::Volts,
        Self::Amperes,
        Self::Joules,
        Self::Grams,
    ];

    /// The unit as it stands in a name: `seconds`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
            Self::Percent => "percent",
            Self::Celsius => "celsius",
            Self::Meters => "meters",
            Self::Volts => "volts",
            Self::Amperes => "amperes",
            Self::Joules => "joules",
            Self::Grams => "grams",
        }
    }

    /// Whether a histogram may be in it.
    pub(crate) const fn is_base(self) -> bool {
        !matches!(self, Self::Percent)
    }

    /// The unit that `name` ends in.
    pub(crate) const fn of_name(name: &str) -> Option<Self> {
        let name = match without_suffix(name, "_total") {
            Some(stem) => stem,
            None => name,
        };
        let mut i = 0;
        while i < Self::ALL.len() {
            let unit = Self::ALL[i].as_str();
            let longer = unit.len() < name.len();
            if longer
                && ends_with(name, unit)
                && name.as_bytes()[name.len() - unit.len() - 1] == b'_'
            {
                return Some(Self::ALL[i]);
            }
            i += 1;
        }
        None
    }

    /// The facade's word for it; it has none for most.
    pub(crate) fn for_facade(self) -> Option<metrics::Unit> {
        match self {
            Self::Seconds => Some(metrics::Unit::Seconds),
            Self::Bytes => Some(metrics::Unit::Bytes),
            Self::Percent => Some(metrics::Unit::Percent),
            Self::Ratio
            | Self::Celsius
            | Self::Meters
            | Self::Volts
            | Self::Amperes
            | Self::Joules
            | Self::Grams => None,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
