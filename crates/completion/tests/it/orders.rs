//! Data, trailers, error, pending, end, drop and panic in every position.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::mem::discriminant;
use std::sync::Arc;

use quickcheck::{Arbitrary, Gen, QuickCheck};
use throughline_completion::{Next, Point};

use crate::drive::{bare, observed};
use crate::model::expected;
use crate::script::{Case, Outcome, Step, Wait};
use crate::witness::{How, Notes};

const WAITS: &[Wait] = &[Wait::Pending, Wait::Panic];
const STEPS: &[Step] = &[
    Step::Pending,
    Step::Data,
    Step::Trailers,
    Step::Error,
    Step::Panic,
    Step::End,
    Step::AtEnd,
];
const DROP_PANICS: &[Option<Point>] = &[None, Some(Point::Future), Some(Point::Body)];

/// Runs a case with and without observer; gives what the observer was told.
#[track_caller]
fn check(case: &Case) -> How {
    let notes = Arc::new(Notes::default());
    let seen = observed(case, &notes);
    let told = notes.told();
    assert_eq!(told, expected(case), "{case:#?}\n{seen:#?}");
    // The response of a ready future whose remains panic is lost to one that drops them at once.
    if case.drop_panics != Some(Point::Future) {
        assert_eq!(seen, bare(case), "{case:#?}");
    }
    told.how
}

/// All sequences of at most `longest` items of `alphabet`.
fn sequences<T: Copy>(alphabet: &[T], longest: usize) -> Vec<Vec<T>> {
    let mut all = vec![vec![]];
    let mut from = 0;
    for _ in 0..longest {
        let to = all.len();
        for at in from..to {
            for &item in alphabet {
                let longer = [&all[at][..], &[item]].concat();
                all.push(longer);
            }
        }
        from = to;
    }
    all
}

#[test]
fn every_body_up_to_four_steps() {
    let mut endings = HashMap::new();
    for steps in sequences(STEPS, 4) {
        // One poll for the head, and two beyond the end.
        for polls in 1..=steps.len() + 3 {
            for asks in [false, true] {
                let outcome = Outcome::Head(Next::Body, steps.clone());
                let case = Case {
                    call_panics: false,
                    waits: vec![],
                    outcome,
                    drop_panics: None,
                    polls,
                    asks,
                };
                *endings.entry(discriminant(&check(&case))).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(
        endings.len(),
        5,
        "all but `Head` are among them: {endings:?}"
    );
    assert_eq!(
        endings.values().sum::<usize>(),
        2 * (3 + 7 * 4 + 49 * 5 + 343 * 6 + 2401 * 7)
    );
}

#[test]
fn every_future_up_to_three_polls_with_every_body_up_to_two() {
    let mut outcomes = vec![Outcome::Error];
    for steps in sequences(STEPS, 2) {
        outcomes.push(Outcome::Head(Next::Body, steps.clone()));
        outcomes.push(Outcome::Head(Next::End, steps));
    }
    let mut endings = HashMap::new();
    for waits in sequences(WAITS, 3) {
        for outcome in &outcomes {
            for polls in 0..=waits.len() + 4 {
                for &drop_panics in DROP_PANICS {
                    for call_panics in [false, true] {
                        let case = Case {
                            call_panics,
                            waits: waits.clone(),
                            outcome: outcome.clone(),
                            drop_panics,
                            polls,
                            asks: true,
                        };
                        *endings.entry(discriminant(&check(&case))).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    assert_eq!(endings.len(), 6, "all are among them: {endings:?}");
}

/// Long ones, by a seed that `COMPLETION_SEED` repeats.
#[test]
fn generated_orders() {
    let seed = match std::env::var("COMPLETION_SEED") {
        Ok(seed) => seed.parse().expect("COMPLETION_SEED is a number"),
        Err(_) => RandomState::new().hash_one("a seed"),
    };
    println!("COMPLETION_SEED={seed}");
    QuickCheck::new()
        .rng(Gen::from_size_and_seed(40, seed))
        .tests(20_000)
        .quickcheck((|case| drop(check(&case))) as fn(Case));
}

impl Arbitrary for Wait {
    fn arbitrary(g: &mut Gen) -> Self {
        *g.choose(&[Self::Pending, Self::Pending, Self::Pending, Self::Panic])
            .unwrap()
    }
}

impl Arbitrary for Step {
    /// Mostly what goes on, so that bodies get long.
    fn arbitrary(g: &mut Gen) -> Self {
        match u8::arbitrary(g) % 4 {
            0 => *g.choose(STEPS).unwrap(),
            1 => Self::Pending,
            _ => Self::Data,
        }
    }
}

impl Arbitrary for Case {
    fn arbitrary(g: &mut Gen) -> Self {
        let steps = Vec::arbitrary(g);
        let mut waits = Vec::<Wait>::arbitrary(g);
        waits.truncate(6);
        let next = *g
            .choose(&[Next::Body, Next::Body, Next::Body, Next::End])
            .unwrap();
        Self {
            call_panics: u8::arbitrary(g) < 8,
            polls: usize::arbitrary(g) % (waits.len() + steps.len() + 4),
            waits,
            outcome: match u8::arbitrary(g) < 16 {
                true => Outcome::Error,
                false => Outcome::Head(next, steps),
            },
            drop_panics: *g
                .choose(&[None, None, None, Some(Point::Future), Some(Point::Body)])
                .unwrap(),
            asks: bool::arbitrary(g),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let case = self.clone();
        let shorter = match case.outcome.clone() {
            Outcome::Head(next, steps) => steps
                .shrink()
                .map(|steps| Outcome::Head(next, steps))
                .collect(),
            Outcome::Error => vec![],
        };
        let (by_waits, by_polls, by_steps) = (case.clone(), case.clone(), case);
        Box::new(
            (by_waits.waits.shrink().map(move |waits| Self {
                waits,
                ..by_waits.clone()
            }))
            .chain(by_polls.polls.shrink().map(move |polls| Self {
                polls,
                ..by_polls.clone()
            }))
            .chain(shorter.into_iter().map(move |outcome| Self {
                outcome,
                ..by_steps.clone()
            })),
        )
    }
}
