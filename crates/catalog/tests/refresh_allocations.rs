//! Recording allocates nothing between renewals either. In a process of its own, with its setting.

mod ledger;

use std::time::Duration;

use ledger::Ledger;
use throughline_catalog::{catalog, refresh_handles};

catalog! { mod api, budget 100;
    /// Requests.
    counter api_requests_total { ok: bool };
    /// Requests in flight.
    gauge api_requests_active {};
    /// Time.
    histogram api_request_duration_seconds {} buckets [0.1, 1.0];
}

fn record(n: u64) {
    let active = api::api_requests_active.with(());
    active.increment(1.0);
    api::api_requests_total
        .with((n.is_multiple_of(2),))
        .increment(1);
    api::api_request_duration_seconds
        .with(())
        .record(Duration::from_millis(n));
    active.decrement(1.0);
}

#[test]
fn a_thousand_records_of_handles_that_are_renewed_allocate_nothing() {
    refresh_handles(Duration::from_secs(3600)).expect("nothing was recorded before");
    let ledger = Ledger::default();
    metrics::set_global_recorder(ledger.clone()).expect("this process has no other");
    (0..2).for_each(record);
    let warm = allocation_counter::measure(|| (0..1_000).for_each(record));
    assert_eq!(warm.count_total, 0);
    assert_eq!(ledger.count("api_requests_total{ok=true}"), 501);
    assert_eq!(ledger.sum("api_requests_active"), 0.0);

    // A shorter time holds for the handles that are there.
    let before = ledger.registrations();
    refresh_handles(Duration::from_nanos(1)).expect("all handles are renewed");
    let renewed = allocation_counter::measure(|| record(0));
    assert_ne!(renewed.count_total, 0, "the counter counts");
    assert!(before + 3 <= ledger.registrations());
}
