//! Capped labels when many threads and much rubbish meet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::thread;

use throughline_catalog::{OVERFLOW, label};

#[test]
fn threads_agree_on_every_value() {
    label! {
        struct Queue: Capped<100>;
    }
    const THREADS: usize = 8;
    // 50 texts, each asked for by every thread, at the same time and in another order.
    let texts: Vec<String> = (0..50).map(|n| format!("queue-{n}")).collect();
    let barrier = Barrier::new(THREADS);
    let answers: Vec<BTreeMap<&str, Queue>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|first| {
                let (texts, barrier) = (&texts, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    (0..texts.len() * 20)
                        .map(|n| &*texts[(n * 7 + first * 13) % texts.len()])
                        .map(|text| (text, Queue::of(text)))
                        .inspect(|(text, queue)| assert_eq!(queue.as_str(), *text))
                        .collect()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect()
    });
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    let numbers: BTreeSet<usize> = answers[0]
        .values()
        .map(|queue| throughline_catalog::Label::index(*queue))
        .collect();
    assert_eq!(numbers, (1..=50).collect());
    assert_eq!((Queue::known(), Queue::overflowed()), (50, 0));
}

#[test]
fn a_full_label_is_exact_under_threads() {
    label! {
        struct Worker: Capped<16>;
    }
    const THREADS: usize = 8;
    let barrier = Barrier::new(THREADS);
    let found: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let texts = (0..64).map(|n| format!("worker-{n}"));
                    let found = texts.filter(|text| {
                        let worker = Worker::of(text);
                        assert!(worker == Worker::OVERFLOW || worker.as_str() == text);
                        worker != Worker::OVERFLOW
                    });
                    found.count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .sum()
    });
    // Who came in is asked of every thread, and each answers alike.
    assert_eq!(Worker::known(), 16);
    assert_eq!(found + Worker::overflowed() as usize, THREADS * 64);
    let known: Vec<Worker> = (0..64)
        .filter_map(|n| Worker::get(&format!("worker-{n}")))
        .collect();
    assert_eq!(known.len(), 16);
    assert_eq!(found, THREADS * 16);
}

#[test]
fn text_that_cannot_be_a_value_takes_no_room() {
    label! {
        struct Route: Capped<8>;
    }
    #[track_caller]
    fn check(text: &str, accepted: bool) {
        assert_eq!(Route::of(text) != Route::OVERFLOW, accepted, "{text:?}");
    }
    check("", false);
    check("a\nb", false);
    check("a\u{7f}", false);
    check("\u{85}", false);
    check(OVERFLOW, false);
    check(&"x".repeat(129), false);
    assert_eq!((Route::known(), Route::overflowed()), (0, 6));
    check(&"x".repeat(128), true);
    check("/users/{id}", true);
    check("größe", true);
    check(" ", true);
    assert_eq!((Route::known(), Route::overflowed()), (4, 6));
    assert_eq!(Route::OVERFLOW.as_str(), OVERFLOW);
}

#[test]
fn seeds_come_first_and_asking_makes_nothing() {
    label! {
        struct Method: Capped<2>;
    }
    assert_eq!(Method::get("Say"), None);
    assert_eq!(Method::seed(["Say", "Hear", "See"]), 1, "one too many");
    assert_eq!(Method::seed(["Hear"]), 0, "again");
    assert_eq!(Method::get("Say").map(Method::as_str), Some("Say"));
    assert_eq!(
        (Method::get("See"), Method::get("sent by a stranger")),
        (None, None)
    );
    assert_eq!((Method::known(), Method::overflowed()), (2, 0));
}
