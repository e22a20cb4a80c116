//! A recorder that is installed late, for the whole process: a process of its own, one test.

mod ledger;

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use ledger::Ledger;
use throughline_catalog::{Era, Family, catalog, label, refresh_handles};

label! {
    enum Kind { New = "new", Old = "old" }
}

label! {
    struct Shelf: Capped<200>;
}

catalog! { mod store, budget 1_000;
    /// Books sold.
    counter store_books_total { kind: Kind };
    /// Customers inside.
    gauge store_customers_inside {};
    /// Visits.
    counter store_visits_total { kind: Kind };
    /// Books moved.
    counter store_moves_total { shelf: Shelf, kind: Kind };
}

fn sell() {
    store::store_books_total.with((Kind::New,)).increment(1);
}

const BOOKS: &str = "store_books_total{kind=new}";
const INSIDE: &str = "store_customers_inside";

#[test]
fn a_late_recorder_gets_what_comes_after_it() {
    let inside = store::store_customers_inside::store();

    // Before: used without a recorder, and under a local one at the address that may be the next.
    sell();
    let before = Era::current();
    inside.get(before, 0).increment(1.0);
    let local = Ledger::of(|| (0..5_000).for_each(|_| sell()));
    assert_eq!(local.count(BOOKS), 5_000);
    sell();
    // The global recorder goes to the heap, maybe to this one's place.
    let boxed = Box::new(Ledger::default());
    metrics::with_local_recorder(&*boxed, sell);
    assert_eq!(boxed.count(BOOKS), 1);
    drop(boxed);

    let global = Ledger::default();
    metrics::set_global_recorder(global.clone()).expect("this process has no other");
    sell();
    assert_eq!(global.count(BOOKS), 1);
    // In that place it is taken for the local one for a while, which is slower and no less right.
    (0..5_000).for_each(|_| sell());
    assert_eq!(global.count(BOOKS), 5_001);

    // What began before ends before: no gauge below zero.
    inside.get(before, 0).decrement(1.0);
    let after = Era::current();
    assert_ne!(before, after);
    inside.get(after, 0).increment(1.0);
    assert_eq!(global.sum(INSIDE), 1.0);

    // A local recorder over the global one, and then none again.
    let over = Ledger::of(|| {
        sell();
        // The guard of work that began outside: a series that is known, and one that is not yet.
        inside.get(after, 0).decrement(1.0);
        store::store_books_total::store().get(after, 1).increment(1);
    });
    sell();
    assert_eq!((over.count(BOOKS), global.count(BOOKS)), (1, 5_002));
    assert_eq!(over.series(), [BOOKS]);
    assert_eq!(global.sum(INSIDE), 0.0);
    assert_eq!(global.count("store_books_total{kind=old}"), 1);

    for kind in Kind::ALL {
        store::store_visits_total.with((*kind,)).increment(1);
    }
    let told = global.descriptions();
    let visits = told
        .iter()
        .filter(|(name, ..)| name == "store_visits_total");
    assert_eq!(visits.count(), 1, "once, not for each series");

    first_use_by_all_threads_at_once(&global);

    let error = refresh_handles(Duration::from_secs(1)).expect_err("handles are in use");
    assert!(error.is_too_late() && !error.is_zero());
    let says = error.to_string();
    assert!(
        says.ends_with("call `refresh_handles` before anything is recorded"),
        "{says}"
    );
}

fn first_use_by_all_threads_at_once(global: &Ledger) {
    const THREADS: u64 = 8;
    let barrier = Barrier::new(THREADS as usize);
    let shelves: Vec<String> = (0..150).map(|n| format!("shelf-{n}")).collect();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                barrier.wait();
                for shelf in &shelves {
                    let labels = (Shelf::of(shelf), Kind::Old);
                    store::store_moves_total.with(labels).increment(1);
                }
            });
        }
    });
    for shelf in &shelves {
        let series = format!("store_moves_total{{shelf={shelf},kind=old}}");
        assert_eq!(global.count(&series), THREADS, "{series}");
    }
    assert_eq!(global.sum("throughline_label_values{label=shelf}"), 150.0);
    assert_eq!(global.sum("throughline_label_limit{label=shelf}"), 200.0);
    assert_eq!(Shelf::seed(["one more"]), 0);
    assert_eq!(global.sum("throughline_label_values{label=shelf}"), 151.0);
}
