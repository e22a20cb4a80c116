//! What handles accept.

use std::time::Duration;

use throughline_catalog::catalog;

use crate::ledger::Ledger;

catalog! { mod disk, budget 50;
    /// Time of a write.
    histogram disk_write_duration_seconds {} buckets [0.01, 0.1];
    /// Writes.
    counter disk_writes_total {};
    /// Queue.
    gauge disk_queue_length {};
}

#[test]
fn samples_that_would_spoil_a_sum_are_dropped_and_counted() {
    let ledger = Ledger::of(|| {
        let duration = disk::disk_write_duration_seconds.with(());
        for sample in [
            0.0,
            0.25,
            f64::NAN,
            -0.001,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -f64::NAN,
        ] {
            duration.record(sample);
        }
        duration.record(Duration::from_millis(1_500));
        duration.record(2_u32);
    });
    assert_eq!(ledger.count("disk_write_duration_seconds"), 4);
    assert_eq!(ledger.sum("disk_write_duration_seconds"), 3.75);
    assert_eq!(
        ledger.count("throughline_samples_rejected_total{reason=not_finite}"),
        4
    );
    assert_eq!(
        ledger.count("throughline_samples_rejected_total{reason=negative}"),
        1
    );
}

#[test]
fn counters_and_gauges_do_what_they_say() {
    let ledger = Ledger::of(|| {
        let writes = disk::disk_writes_total.with(());
        writes.increment(2);
        writes.increment(3);
        let queue = disk::disk_queue_length.with(());
        queue.set(10.0);
        queue.increment(2.5);
        queue.decrement(Duration::from_secs(4));
    });
    assert_eq!(ledger.count("disk_writes_total"), 5);
    assert_eq!(ledger.sum("disk_queue_length"), 8.5);

    let ledger = Ledger::of(|| {
        let writes = disk::disk_writes_total.with(());
        writes.absolute(7);
        writes.absolute(6);
    });
    assert_eq!(ledger.count("disk_writes_total"), 7);
}

#[test]
fn a_handle_can_be_cloned_and_kept() {
    let ledger = Ledger::default();
    let kept = metrics::with_local_recorder(&ledger, || {
        throughline_catalog::Counter::clone(&disk::disk_writes_total.with(()))
    });
    kept.increment(1);
    assert_eq!(ledger.count("disk_writes_total"), 1);
    assert_eq!(format!("{kept:?}"), "Counter { .. }");
}
