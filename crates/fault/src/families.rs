//! What this crate counts about itself.

use throughline_catalog::{catalog, label};

label! {
    /// Whose fault it was, which is how loudly it is told.
    pub enum Severity {
        Error = "error",
        Warning = "warning",
    }
}

label! {
    /// What became of a peer's word that it has told an error.
    pub enum Mark {
        Honoured = "honoured",
        Ignored = "ignored",
        Malformed = "malformed",
    }
}

catalog! { pub mod throughline, budget 10;
    /// Faults told in the log, each at its source.
    counter throughline_faults_total { severity: Severity };
    /// Answers of peers that came with the mark of a told error: honoured from those that are ours,
    /// ignored from all others.
    counter throughline_fault_marks_total { mark: Mark };
}
