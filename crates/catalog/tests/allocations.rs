//! Recording allocates nothing once a series exists. In a process of its own, with its recorder.

mod ledger;

use std::time::Duration;

use ledger::Ledger;
use throughline_catalog::{Era, Family, Labels, catalog, label};

label! {
    enum Stage { Validate = "validate", Compile = "compile" }
}

label! {
    struct Driver: Capped<2>;
}

catalog! { mod kernel, budget 100;
    /// Runs.
    counter kernel_runs_total { driver: Driver, stage: Stage };
    /// Sessions.
    gauge kernel_sessions_active { stage: Stage };
    /// Time.
    histogram kernel_stage_duration_seconds { stage: Stage } buckets [0.1, 1.0];
}

fn record(n: u64) {
    let stage = if n.is_multiple_of(2) {
        Stage::Validate
    } else {
        Stage::Compile
    };
    let driver = Driver::of(if n.is_multiple_of(3) {
        "sqlite"
    } else {
        "postgres"
    });
    kernel::kernel_runs_total.with((driver, stage)).increment(1);
    // What found no room, and what cannot be summed, is no excuse.
    let lost = Driver::of("mysql");
    kernel::kernel_runs_total.with((lost, stage)).increment(1);
    kernel::kernel_sessions_active.with((stage,)).increment(1.0);
    kernel::kernel_stage_duration_seconds
        .with((stage,))
        .record(Duration::from_millis(n));
    kernel::kernel_stage_duration_seconds
        .with((stage,))
        .record(f64::NAN);
    let era = Era::current();
    kernel::kernel_sessions_active::store()
        .get(era, (stage,).index())
        .decrement(1.0);
}

#[test]
fn a_thousand_warm_records_allocate_nothing() {
    assert_eq!(Driver::seed(["sqlite", "postgres"]), 0);

    // Without a recorder.
    (0..6).for_each(record);
    let silent = allocation_counter::measure(|| (0..1_000).for_each(record));
    assert_eq!(silent.count_total, 0);

    let ledger = Ledger::default();
    metrics::set_global_recorder(ledger.clone()).expect("this process has no other");
    let cold = allocation_counter::measure(|| (0..6).for_each(record));
    assert_ne!(cold.count_total, 0, "the counter counts");
    let warm = allocation_counter::measure(|| (0..1_000).for_each(record));
    assert_eq!(warm.count_total, 0);

    // And all of it has arrived.
    assert_eq!(
        ledger.count("kernel_stage_duration_seconds{stage=validate}"),
        503
    );
    assert_eq!(
        ledger.count("kernel_stage_duration_seconds{stage=compile}"),
        503
    );
    assert_eq!(
        ledger.count("kernel_runs_total{driver=__overflow__,stage=compile}"),
        503
    );
    assert_eq!(
        ledger.count("throughline_samples_rejected_total{reason=not_finite}"),
        1_006
    );
    assert_eq!(
        ledger.count("throughline_label_overflow_total{label=driver}"),
        1_006
    );
    assert_eq!(ledger.sum("kernel_sessions_active{stage=compile}"), 0.0);
}
