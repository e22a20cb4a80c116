//! The families in which this crate counts what it had to refuse.

use crate::{__capped_label, catalog, label};

label! {
    /// Why a sample was refused.
    pub enum Reason {
        /// Infinite, or not a number.
        NotFinite = "not_finite",
        /// Below zero.
        Negative = "negative",
    }
}

// Overflow of this label cannot be counted by itself: it would never end.
__capped_label! {
    /// The name of a capped label type, in snake case.
    pub struct LabelName: Capped<64>, quiet
}

catalog! { pub mod throughline, budget 200;
    /// Label values that found no room in their label and were replaced by the overflow value.
    counter throughline_label_overflow_total { label: LabelName };
    /// Values that a capped label has, the overflow value not counted.
    gauge throughline_label_values { label: LabelName };
    /// Values that a capped label can have.
    gauge throughline_label_limit { label: LabelName };
    /// Histogram samples that were dropped because they were negative, infinite or not a number.
    counter throughline_samples_rejected_total { reason: Reason };
}
