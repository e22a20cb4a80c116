//! Labels, and the numbers of their combinations.

use std::collections::HashSet;

use throughline_catalog::{Label, Labels, Values, label};

label! {
    /// Three values.
    pub(crate) enum Three { One = "one", Two = "two", Many = "many" }
}

label! {
    enum Five { A = "a", B = "b", C = "c", D = "d", E = "e", }
}

label! {
    struct Four: Capped<4>;
}

#[test]
fn a_closed_label_is_its_texts() {
    assert_eq!(Three::CARDINALITY, 3);
    assert_eq!(Three::VALUES, Values::Closed(&["one", "two", "many"]));
    assert_eq!(Three::VALUES.cardinality(), 3);
    for (index, value) in Three::ALL.iter().enumerate() {
        assert_eq!(value.index(), index);
        assert_eq!(Three::text(index), value.as_str());
        assert_eq!(value.to_string(), value.as_str());
    }
    assert_eq!(format!("{:?} {:<5}|", Three::Two, Three::One), "Two one  |");
}

#[test]
fn a_capped_label_has_one_value_more_than_its_cap() {
    assert_eq!(Four::CARDINALITY, 5);
    assert_eq!(Four::VALUES, Values::Capped(4));
    assert_eq!(Four::VALUES.cardinality(), 5);
    assert_eq!(Four::OVERFLOW.index(), 0);
    let (x, y) = (Four::of("x"), Four::of("y"));
    assert_eq!((x.index(), y.index()), (1, 2));
    assert_eq!(Four::of("x"), x);
    assert_eq!((x.as_str(), Four::text(2)), ("x", "y"));
    assert_eq!(format!("{x} {y:?}"), r#"x Four("y")"#);
}

/// Every combination has a number of its own below the cardinality, and the number says it all.
#[track_caller]
fn round_trip<L: Labels>(all: impl Iterator<Item = (L, Vec<String>)>) {
    let mut seen = HashSet::new();
    for (labels, texts) in all {
        let index = labels.index();
        assert!(index < L::CARDINALITY, "{texts:?} has the number {index}");
        assert!(seen.insert(index), "{texts:?} shares the number {index}");
        assert_eq!(texts.len(), L::LEN);
        for (position, text) in texts.iter().enumerate() {
            assert_eq!(
                &L::text(index, position),
                text,
                "position {position} of {texts:?}"
            );
        }
    }
    assert_eq!(seen.len(), L::CARDINALITY);
}

fn each<T: Label>(value: T) -> (T, String) {
    (value, T::text(value.index()).to_owned())
}

#[test]
fn every_combination_comes_back_from_its_number() {
    round_trip([((), vec![])].into_iter());
    round_trip(Five::ALL.iter().map(|a| {
        let (a, text) = each(*a);
        ((a,), vec![text])
    }));
    round_trip(Three::ALL.iter().flat_map(|a| {
        Five::ALL.iter().flat_map(move |b| {
            [false, true].into_iter().map(move |c| {
                let ((a, at), (b, bt), (c, ct)) = (each(*a), each(*b), each(c));
                ((a, b, c), vec![at, bt, ct])
            })
        })
    }));
}

#[test]
fn eight_labels_are_as_good_as_one() {
    let bit = |n: usize, position: usize| n >> position & 1 == 1;
    round_trip((0..256).map(|n| {
        let [a, b, c, d, e, f, g, h] = std::array::from_fn(|position| bit(n, position));
        let texts = (0..8)
            .map(|position| bit(n, position).to_string())
            .collect();
        ((a, b, c, d, e, f, g, h), texts)
    }));
    // The lengths between.
    round_trip((0..16).map(|n| {
        let texts = (0..4)
            .map(|position| bit(n, position).to_string())
            .collect();
        ((bit(n, 0), bit(n, 1), bit(n, 2), bit(n, 3)), texts)
    }));
    assert_eq!(<(Five, Three, bool, Five, Three)>::CARDINALITY, 450);
    assert_eq!(<(Five, Three, bool, Five, Three, bool)>::CARDINALITY, 900);
    assert_eq!(
        <(Five, Three, bool, Five, Three, bool, Four)>::CARDINALITY,
        4_500
    );
}
