//! Recorders of one thread: each gets what is recorded while it is current, and nothing else.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;

use metrics::{Key, KeyName, Metadata, Recorder, SharedString, Unit};
use throughline_catalog::{Counter, Era, Family, Store, catalog};

use crate::ledger::Ledger;

catalog! { mod shop, budget 100;
    /// Orders.
    counter shop_orders_total { gift: bool };
    /// Open baskets.
    gauge shop_baskets_open {};
}

fn order() {
    shop::shop_orders_total.with((true,)).increment(1);
}

const ORDERS: &str = "shop_orders_total{gift=true}";

#[test]
fn successive_recorders_at_one_address_are_told_apart() {
    // The same stack slot each time, which an address alone does not show.
    for n in 1..=20 {
        let ledger = Ledger::default();
        metrics::with_local_recorder(&ledger, || (0..n).for_each(|_| order()));
        assert_eq!(ledger.count(ORDERS), n);
    }
}

#[test]
fn nested_recorders_get_what_is_theirs() {
    let (outer, inner) = (Ledger::default(), Ledger::default());
    metrics::with_local_recorder(&outer, || {
        order();
        metrics::with_local_recorder(&inner, || (0..3).for_each(|_| order()));
        order();
    });
    order();
    assert_eq!((outer.count(ORDERS), inner.count(ORDERS)), (2, 3));
}

#[test]
fn a_local_recorder_is_described_to() {
    let ledger = Ledger::of(order);
    assert_eq!(
        ledger.descriptions(),
        [("shop_orders_total".to_owned(), None, "Orders.".to_owned())]
    );
}

#[test]
fn threads_with_recorders_of_their_own_do_not_mix() {
    const THREADS: u64 = 8;
    let barrier = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for n in 1..=THREADS {
            let barrier = &barrier;
            scope.spawn(move || {
                let ledger = Ledger::default();
                metrics::with_local_recorder(&ledger, || {
                    barrier.wait();
                    // More than are believed without a new proof.
                    (0..n * 1_000).for_each(|_| order());
                });
                assert_eq!(ledger.count(ORDERS), n * 1_000);
            });
        }
    });
}

#[test]
fn a_recorder_without_size_is_served() {
    static REGISTERED: AtomicU64 = AtomicU64::new(0);
    struct Sizeless;
    impl Recorder for Sizeless {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> metrics::Counter {
            REGISTERED.fetch_add(1, Ordering::Relaxed);
            metrics::Counter::noop()
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> metrics::Gauge {
            metrics::Gauge::noop()
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> metrics::Histogram {
            metrics::Histogram::noop()
        }
    }

    metrics::with_local_recorder(&Sizeless, order);
    metrics::with_local_recorder(&*Box::new(Sizeless), order);
    assert_eq!(REGISTERED.load(Ordering::Relaxed), 2);
}

#[test]
fn work_ends_under_the_recorder_that_it_began_under() {
    let (first, second) = (Ledger::default(), Ledger::default());
    let baskets = shop::shop_baskets_open::store();
    let silent = Era::current();
    let (begun, ended) = metrics::with_local_recorder(&first, || {
        let era = Era::current();
        baskets.get(era, 0).increment(1.0);
        metrics::with_local_recorder(&second, || {
            // Neither is current, so neither sample may land here.
            baskets.get(era, 0).decrement(1.0);
            baskets.get(silent, 0).decrement(1.0);
        });
        baskets.get(silent, 0).decrement(1.0);
        (era, first.sum("shop_baskets_open"))
    });
    assert_eq!(ended, 1.0);
    assert!(second.series().is_empty());
    baskets.get(begun, 0).decrement(1.0);
    assert_eq!(first.sum("shop_baskets_open"), 1.0, "gone is gone");
}

#[test]
fn a_given_recorder_gets_everything() {
    let (given, current) = (Ledger::default(), Ledger::default());
    let store: Store<Counter> =
        Store::given(shop::shop_orders_total::DESC, Arc::new(given.clone()));
    metrics::with_local_recorder(&current, || store.now(1).increment(1));
    store.get(Era::current(), 1).increment(1);
    thread::scope(|scope| {
        scope
            .spawn(|| store.now(0).increment(5))
            .join()
            .expect("no panic")
    });
    assert_eq!(given.count(ORDERS), 2);
    assert_eq!(given.count("shop_orders_total{gift=false}"), 5);
    assert_eq!(given.descriptions().len(), 1, "described once");
    assert!(current.series().is_empty());
}

/// What a recorder does that counts through a family itself.
struct Reentrant {
    ledger: Ledger,
    entered: AtomicBool,
}

static REENTERED: OnceLock<Store<Counter>> = OnceLock::new();

impl Recorder for Reentrant {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Counter {
        if !self.entered.swap(true, Ordering::Relaxed) {
            let store = REENTERED.get().expect("the test has set it");
            store.now(1).increment(1);
        }
        self.ledger.register_counter(key, metadata)
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

#[test]
fn a_recorder_may_use_the_very_series_that_it_registers() {
    let ledger = Ledger::default();
    let recorder = Reentrant {
        ledger: ledger.clone(),
        entered: AtomicBool::new(false),
    };
    let store = Store::given(shop::shop_orders_total::DESC, Arc::new(recorder));
    let store = REENTERED.get_or_init(|| store);
    store.now(1).increment(1);
    assert_eq!(ledger.count(ORDERS), 2);
}

#[test]
fn a_store_is_of_its_familys_kind() {
    let make = || Store::<Counter>::new(shop::shop_baskets_open::DESC);
    let panic = std::panic::catch_unwind(make).expect_err("it is refused");
    let text = panic.downcast_ref::<&str>().expect("the panic has a text");
    assert!(text.contains("another kind"), "{text}");
}
