#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]
#![forbid(unsafe_code)]
//! Families that keep the rules although they look as if they did not.

use throughline_catalog::{catalog, label};

label! { enum Private { Only = "only" } }

catalog! { mod plant, budget 164;
    /// A word within a word is no unit, and one at the head is none either.
    counter forms_sent_total { private: Private };
    /// Names that end alike.
    counter ms_office_files_total {};
    /// Names of namespaces.
    gauge k8s_ns_active {};
    /// Dictated.
    counter task_retry_count {} dictated "the orchestrator's dashboards";
    /// Dictated.
    gauge agents_total {} dictated "the platform";
    /// Dictated.
    histogram queue_wait {} buckets [0.1] dictated "the platform";
    /// Words that contain a forbidden one.
    gauge hosts_known { hosting: bool, users: bool, error_kind: bool };
    /// All of the budget.
    histogram frame_bytes { type: bool, r#in: bool } buckets [-1.0, 0.0, 1.0e3, 1e6, MAX];
    /// An exact fit.
    gauge slots { slot: Slot };
}

const MAX: f64 = 1e9;
label! { struct Slot: Capped<{ 2 * 57 }>; }

fn main() {
    plant::forms_sent_total.with((Private::Only,)).increment(1);
    catalog! { mod inside, budget 2;
        /// In a function.
        gauge inside_active { here: Here };
    }
    label! { enum Here { Yes = "yes", No = "no" } }
    inside::inside_active.with((Here::Yes,)).set(1.0);
    assert_eq!(plant::CATALOGUE.budget(), plant::CATALOGUE.series());
}
