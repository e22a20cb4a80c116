//! Catalogues of one process that contradict each other.

use throughline_catalog::{Catalogue, catalog};

catalog! { mod ours, budget 100;
    /// Requests.
    counter plant_requests_total { ok: bool, hot: bool };
    /// Time.
    histogram plant_step_duration_seconds {} buckets [0.1, 1.0];
}

#[track_caller]
fn check(theirs: &'static Catalogue, parts: &[&str]) {
    for (one, other) in [(ours::CATALOGUE, theirs), (theirs, ours::CATALOGUE)] {
        match one.check_against(&[one, other]) {
            Ok(()) => assert!(parts.is_empty(), "no conflict"),
            Err(conflict) => {
                assert!(!parts.is_empty(), "{conflict}");
                assert_eq!(
                    one.family(conflict.family().name()).map(|own| own.module()),
                    Some(conflict.family().module())
                );
                assert_eq!(
                    other
                        .family(conflict.other().name())
                        .map(|own| own.module()),
                    Some(conflict.other().module())
                );
                let says = conflict.to_string();
                for part in parts {
                    assert!(says.contains(part), "{part} in {says}");
                }
            }
        }
    }
}

#[test]
fn one_name_means_one_thing() {
    catalog! { mod same, budget 100;
        /// Requests, in other words and with the labels in another order.
        counter plant_requests_total { hot: bool, ok: bool };
        /// Others.
        counter plant_others_total {};
    }
    check(same::CATALOGUE, &[]);
    catalog! { mod kind, budget 100;
        /// Requests.
        gauge plant_requests_total { ok: bool, hot: bool } dictated "a test";
    }
    check(
        kind::CATALOGUE,
        &["`plant_requests_total`", "a counter", "a gauge"],
    );
    catalog! { mod labels, budget 100;
        /// Requests.
        counter plant_requests_total {};
    }
    check(
        labels::CATALOGUE,
        &["the labels `ok`, `hot`", "no labels", "rename one"],
    );
    catalog! { mod buckets, budget 100;
        /// Time.
        histogram plant_step_duration_seconds {} buckets [0.1, 2.0];
    }
    check(
        buckets::CATALOGUE,
        &["[0.1, 1.0]", "[0.1, 2.0]", "it::conflict"],
    );
    catalog! { mod samples, budget 100;
        /// Steps.
        gauge plant_step_duration_seconds_count {} dictated "a test";
    }
    check(
        samples::CATALOGUE,
        &[
            "`plant_step_duration_seconds`",
            "`plant_step_duration_seconds_count`",
        ],
    );
    catalog! { mod openmetrics, budget 100;
        /// Requests.
        gauge plant_requests {};
    }
    check(
        openmetrics::CATALOGUE,
        &["`plant_requests_total`", "`plant_requests`"],
    );
}
