//! Recording allocates nothing once a series exists, and a top report stays as large as it is. In a
//! process of its own, with its recorder.

mod ledger;

use std::time::Duration;

use ledger::Ledger;
use throughline_catalog::top::TopReport;
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

// A5, C5
#[test]
fn a_million_hostile_keys_take_no_more_memory_and_hide_nobody() {
    const CAPACITY: usize = 100;
    let report = TopReport::new("requests", CAPACITY);
    let heavy: Vec<String> = (0..10).map(|n| format!("heavy-{n}")).collect();
    let attack = |from: u64, to: u64| {
        for n in from..to {
            report.add(&format!("a stranger with the number {n}"), 1);
            // Each of them has a share of 2 in 120, above 1 in 100.
            if n.is_multiple_of(5) {
                report.add(&heavy[(n / 5 % 10) as usize], 1);
            }
        }
    };
    attack(0, 20_000);
    let (known, added) = (heavy[3].as_str(), 1_000);
    let warm = allocation_counter::measure(|| (0..added).for_each(|_| report.add(known, 1)));
    assert_eq!(warm.count_total, 0);

    let million = allocation_counter::measure(|| attack(20_000, 1_000_000));
    assert!(
        1_000_000 - 20_000 <= million.count_total,
        "the counter counts"
    );
    // The keys that are kept may be a few digits longer.
    let kept = CAPACITY as i64 * 8;
    assert!(
        million.bytes_current <= kept * 8,
        "{}",
        million.bytes_current
    );
    assert!(
        million.bytes_max <= kept as u64 * 16,
        "{}",
        million.bytes_max
    );

    assert_eq!(report.total(), 1_200_000 + added);
    let there = report.top(10);
    for key in &heavy {
        let top = there.iter().find(|top| top.key() == key);
        let top = top.unwrap_or_else(|| panic!("{key} is missing"));
        assert!(20_000 <= top.count(), "{top:?}");
        assert!(top.count() - top.at_least() <= report.total() / CAPACITY as u64);
    }
}
