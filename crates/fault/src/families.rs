//! What this crate counts about itself.

use throughline_catalog::{catalog, label};

label! {
    /// Whose fault it was, which is how loudly it is told.
    pub enum Severity {
        Error = "error",
        Warning = "warning",
    }
}

catalog! { pub mod throughline, budget 10;
    /// Faults told in the log, each at its source.
    counter throughline_faults_total { severity: Severity };
}
