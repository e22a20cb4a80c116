//! The top report against exact counts.

use std::collections::BTreeMap;
use std::thread;

use throughline_catalog::top::TopReport;

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(1, |time| time.as_nanos() as u64 | 1);
        println!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[test]
fn it_is_exact_while_there_is_room() {
    let report = TopReport::new("bytes", 50);
    let mut exact = BTreeMap::<String, u64>::new();
    let mut random = Random::new();
    for _ in 0..5_000 {
        let (key, weight) = (format!("user-{}", random.below(50)), random.below(100));
        report.add(&key, weight);
        *exact.entry(key).or_default() += weight;
    }
    for top in report.top(100) {
        assert_eq!(top.count(), exact[top.key()], "{}", top.key());
        assert_eq!(top.at_least(), top.count());
    }
    assert_eq!(report.total(), exact.values().sum::<u64>());
    assert_eq!(report.missing_at_most(), 0);
    let counts: Vec<u64> = report.top(7).iter().map(|top| top.count()).collect();
    let mut highest: Vec<u64> = exact.into_values().collect();
    highest.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(counts, highest[..7]);
}

#[test]
fn its_bounds_hold_for_any_stream() {
    const M: usize = 20;
    let mut random = Random::new();
    for round in 0..20 {
        let report = TopReport::new("work", M);
        let mut exact = BTreeMap::<String, u64>::new();
        for _ in 0..5_000 {
            // Few keys have much, many have little.
            let width = [4, 40, 4_000][random.below(3) as usize];
            let key = format!("{}-{}", width, random.below(width));
            let weight = 1 + random.below(10);
            report.add(&key, weight);
            *exact.entry(key).or_default() += weight;
        }
        let total: u64 = exact.values().sum();
        assert_eq!(report.total(), total);
        let bound = total / M as u64;
        assert!(report.missing_at_most() <= bound, "round {round}");
        let all = report.top(usize::MAX);
        assert!(all.len() <= M * 8);
        for top in &all {
            let is = exact[top.key()];
            assert!(top.at_least() <= is && is <= top.count(), "{top:?} is {is}");
            assert!(top.count() - is <= bound, "{top:?} is {is}, bound {bound}");
        }
        for (key, is) in &exact {
            let there = all.iter().any(|top| top.key() == key);
            assert!(there || *is <= report.missing_at_most(), "{key} has {is}");
        }
    }
}

#[test]
fn threads_lose_nothing() {
    let report = TopReport::new("requests", 16);
    thread::scope(|scope| {
        for thread in 0..4 {
            let report = &report;
            scope.spawn(move || {
                for n in 0..10_000 {
                    report.add("everybody", 1);
                    report.add(&format!("{thread}-{n}"), 1);
                }
            });
        }
    });
    assert_eq!(report.total(), 80_000);
    let first = &report.top(1)[0];
    assert_eq!(first.key(), "everybody");
    assert!(first.at_least() <= 40_000 && 40_000 <= first.count());
}

#[test]
fn keys_are_cut_and_json_is_safe() {
    let report = TopReport::new("a \"measure\"", 4);
    // 127 bytes and a letter of two that does not fit any more.
    let long = format!("{}é and more", "x".repeat(127));
    report.add(&long, 2);
    report.add(&"x".repeat(127), 1);
    assert_eq!(report.top(9).len(), 1);
    assert_eq!(report.top(9)[0].key(), "x".repeat(127));
    report.clear();
    assert_eq!((report.total(), report.top(9).len()), (0, 0));

    report.add("a\"b\\c\nd\u{1b}[0mé\u{2028}", 1);
    report.add("nothing", 0);
    assert_eq!(
        report.to_json(9),
        r#"{"measure": "a \"measure\"", "total": 1, "capacity": 4, "missing_at_most": 0, "top": [{"key": "a\"b\\c\nd\u001b[0mé\u2028", "count": 1, "at_least": 1}]}"#
    );
    assert_eq!(report.top(0), []);
    assert_eq!(
        format!("{report:?}"),
        "TopReport { measure: \"a \\\"measure\\\"\", capacity: 4, .. }"
    );
}
