//! What overflow does to the numbers: nothing but to lump the values that found no room.

use std::sync::Arc;

use throughline_catalog::{Counter, Family, Labels, Store, catalog, label};

use crate::ledger::Ledger;

label! {
    struct Endpoint: Capped<64>;
}

label! {
    enum Status { Ok = "ok", Error = "error" }
}

label! {
    struct TinyLabel: Capped<1>;
}

catalog! { mod api, budget 130;
    /// Requests served.
    counter api_requests_total { endpoint: Endpoint, status: Status };
}

#[test]
fn a_hundred_hostile_values_make_65_series_and_exact_totals() {
    let ledger = Ledger::of(|| {
        for n in 0..100 {
            let status = if n % 3 == 0 {
                Status::Error
            } else {
                Status::Ok
            };
            api::api_requests_total
                .with((Endpoint::of(&format!("/{n}")), status))
                .increment(1);
        }
        for _ in 0..3 {
            api::api_requests_total
                .with((Endpoint::of("/0"), Status::Error))
                .increment(1);
        }
    });
    let series: Vec<String> = ledger
        .series()
        .into_iter()
        .filter(|name| name.starts_with("api_"))
        .collect();
    // The first 64 have a value each and one status each; the rest are one value with both.
    assert_eq!(series.len(), 64 + 2);
    let total = |status: &str| -> u64 {
        let of_status = series
            .iter()
            .filter(|name| name.ends_with(&format!("status={status}}}")));
        of_status.map(|name| ledger.count(name)).sum()
    };
    assert_eq!((total("ok"), total("error")), (66, 34 + 3));
    let overflow = |status: &str| {
        ledger.count(&format!(
            "api_requests_total{{endpoint=__overflow__,status={status}}}"
        ))
    };
    // 64..100: 66, 69, …, 99 are the errors.
    assert_eq!((overflow("ok"), overflow("error")), (24, 12));
    assert_eq!(
        ledger.count("throughline_label_overflow_total{label=endpoint}"),
        36
    );
    assert_eq!(Endpoint::overflowed(), 36);
}

#[test]
fn overflow_is_counted_under_the_labels_own_name() {
    let ledger = Ledger::of(|| {
        for text in ["room", "no room", "", "room", "no room"] {
            let _ = TinyLabel::of(text);
        }
    });
    assert_eq!(
        ledger.series(),
        ["throughline_label_overflow_total{label=tiny_label}"]
    );
    assert_eq!(
        ledger.count("throughline_label_overflow_total{label=tiny_label}"),
        3
    );
}

#[test]
fn how_full_a_label_is_can_be_seen() {
    label! {
        struct JobType: Capped<4>;
    }
    catalog! { mod jobs, budget 100;
        /// Jobs.
        counter jobs_total { job_type: JobType, again: bool };
    }
    // Before there is a recorder.
    assert_eq!(JobType::seed(["mail", "bill"]), 0);
    let ledger = Ledger::default();
    let total: Store<Counter> = Store::given(jobs::jobs_total::DESC, Arc::new(ledger.clone()));
    let values = || ledger.sum("throughline_label_values{label=job_type}");
    total.now((JobType::of("mail"), false).index()).increment(1);
    assert_eq!(values(), 2.0);
    assert_eq!(ledger.sum("throughline_label_limit{label=job_type}"), 4.0);
    for job_type in ["ship", "pack", "no room"] {
        total
            .now((JobType::of(job_type), true).index())
            .increment(1);
    }
    assert_eq!(values(), 4.0);
    let help = ledger.descriptions();
    assert!(
        help.iter()
            .any(|(name, ..)| name == "throughline_label_limit")
    );
}
