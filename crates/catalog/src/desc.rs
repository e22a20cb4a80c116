//! What is known of a family at compile time.

use std::fmt;

use metrics::{Key, Level, Metadata, Recorder};

use crate::interner::Interner;
use crate::{Counter, Gauge, Handle, Histogram, Labels, Unit, Values};

/// What a family measures with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts samples in buckets.
    Histogram,
}

impl Kind {
    /// `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One label of a family: its name and what it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelDesc {
    name: &'static str,
    values: Values,
}

impl LabelDesc {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, values: Values) -> Self {
        // A label may be called like a keyword: `r#in` is `in`.
        let name = match name.as_bytes() {
            [b'r', b'#', ..] => name.split_at(2).1,
            _ => name,
        };
        Self { name, values }
    }

    /// The label's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The label's values.
    #[must_use]
    pub const fn values(&self) -> Values {
        self.values
    }
}

/// All that is known about a family before the program runs.
///
/// [`catalog!`](crate::catalog!) makes one for each family; an exporter, a document or a test reads
/// them through [`Catalogue`](crate::Catalogue).
///
/// ```
/// use throughline_catalog::{Family, Kind, Unit, Values, catalog};
///
/// catalog! { pub mod mail, budget 10;
///     /// Time from box to box.
///     histogram mail_delivery_duration_seconds { urgent: bool } buckets [3600.0, 86400.0];
/// }
///
/// let family = mail::mail_delivery_duration_seconds::DESC;
/// assert_eq!((family.kind(), family.unit()), (Kind::Histogram, Some(Unit::Seconds)));
/// assert_eq!(family.help(), "Time from box to box.");
/// assert_eq!(family.labels()[0].name(), "urgent");
/// assert_eq!(family.labels()[0].values(), Values::Closed(&["false", "true"]));
/// assert_eq!((family.cardinality(), family.series()), (2, 2 * (2 + 3)));
/// ```
pub struct Desc {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    buckets: Option<&'static [f64]>,
    labels: &'static [LabelDesc],
    cardinality: usize,
    dictated: Option<&'static str>,
    module: &'static str,
    text: fn(usize, usize) -> &'static str,
    caps: fn(&mut dyn FnMut(&'static Interner)),
}

/// What [`catalog!`](crate::catalog!) knows from its tokens.
#[doc(hidden)]
#[allow(
    missing_debug_implementations,
    reason = "lives only while the compiler works"
)]
pub struct Parts {
    pub name: &'static str,
    pub help: &'static str,
    // None or one.
    pub buckets: &'static [&'static [f64]],
    pub labels: &'static [LabelDesc],
    // None or one.
    pub dictated: &'static [&'static str],
    pub module: &'static str,
}

impl Desc {
    #[doc(hidden)]
    #[must_use]
    pub const fn new<H: Handle, L: Labels>(parts: &Parts) -> Self {
        Self {
            name: parts.name,
            kind: H::KIND,
            help: parts.help.trim_ascii(),
            buckets: if parts.buckets.is_empty() {
                None
            } else {
                Some(parts.buckets[0])
            },
            labels: parts.labels,
            cardinality: L::CARDINALITY,
            dictated: if parts.dictated.is_empty() {
                None
            } else {
                Some(parts.dictated[0])
            },
            module: parts.module,
            text: L::text,
            caps: L::caps,
        }
    }

    /// The name of the family.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Counter, gauge or histogram.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The unit, which the name ends in.
    #[must_use]
    pub const fn unit(&self) -> Option<Unit> {
        Unit::of_name(self.name)
    }

    /// The family's documentation, in one line.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// The upper bounds of a histogram's buckets, without the one at infinity, in the unit of the
    /// name. `None` for the other kinds.
    #[must_use]
    pub const fn buckets(&self) -> Option<&'static [f64]> {
        self.buckets
    }

    /// The labels, in the order of declaration.
    #[must_use]
    pub const fn labels(&self) -> &'static [LabelDesc] {
        self.labels
    }

    /// How many combinations of label values there can be.
    #[must_use]
    pub const fn cardinality(&self) -> usize {
        self.cardinality
    }

    /// How many series an exporter can come to show: a histogram has one for each bucket, the one at
    /// infinity, its sum and its count.
    #[must_use]
    pub const fn series(&self) -> usize {
        match self.buckets {
            Some(buckets) => self
                .cardinality
                .saturating_mul(buckets.len().saturating_add(3)),
            None => self.cardinality,
        }
    }

    /// Why the name is as it is although the rules would have another suffix.
    #[must_use]
    pub const fn dictated(&self) -> Option<&'static str> {
        self.dictated
    }

    /// The module that declares it.
    #[must_use]
    pub const fn module(&self) -> &'static str {
        self.module
    }

    /// Whether every label is closed, so that all series are known beforehand.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.labels
            .iter()
            .all(|label| matches!(label.values, Values::Closed(_)))
    }

    /// The label values of the combination with this number, in the order of the labels.
    pub fn values(&self, index: usize) -> impl Iterator<Item = &'static str> + use<'_> {
        (0..self.labels.len()).map(move |position| (self.text)(index, position))
    }

    /// Tells the current recorder the family's name, unit and help.
    pub fn describe(&self) {
        metrics::with_recorder(|recorder| self.describe_to(recorder));
    }

    pub(crate) fn describe_to(&self, recorder: &dyn Recorder) {
        let name = self.name.into();
        let unit = self.unit().and_then(Unit::for_facade);
        let help = self.help.into();
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, unit, help),
            Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }

    /// Makes the series exist, at zero.
    pub(crate) fn register_to(&self, recorder: &dyn Recorder, index: usize) {
        match self.kind {
            Kind::Counter => drop(self.handle_from::<Counter>(recorder, index)),
            Kind::Gauge => drop(self.handle_from::<Gauge>(recorder, index)),
            Kind::Histogram => drop(self.handle_from::<Histogram>(recorder, index)),
        }
    }

    /// Makes the recorder show how full the capped labels are.
    pub(crate) fn show_caps(&self, recorder: &dyn Recorder, first: bool) {
        (self.caps)(&mut |interner| interner.show(recorder, first));
    }

    /// The series as a recorder knows it.
    pub(crate) fn key(&self, index: usize) -> Key {
        let labels: Vec<metrics::Label> = self
            .labels
            .iter()
            .zip(self.values(index))
            .map(|(label, value)| metrics::Label::new(label.name, value))
            .collect();
        Key::from_parts(self.name, labels)
    }

    pub(crate) fn handle_from<H: Handle>(&self, recorder: &dyn Recorder, index: usize) -> H {
        H::register(
            recorder,
            &self.key(index),
            &Metadata::new(self.module, Level::INFO, Some(self.module)),
        )
    }
}

impl fmt::Debug for Desc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desc")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("help", &self.help)
            .field("buckets", &self.buckets)
            .field("labels", &self.labels)
            .field("dictated", &self.dictated)
            .finish_non_exhaustive()
    }
}
