//! Transitions: checked, counted, told in order.

use std::time::SystemTime;

use futures_util::FutureExt;
use throughline_correlation::{Ids, JobId};
use throughline_job::{TransitionEvents, Transitions};

use crate::support::{Phase, Recorded, once, test::test_transitions_total};

const REFUSED: &str = "throughline_job_transitions_refused_total";
const MISSED: &str = "throughline_job_events_missed_total";

fn transitions(capacity: usize) -> Transitions<test_transitions_total, Phase> {
    Transitions::new(test_transitions_total, capacity)
}

fn job(n: usize) -> JobId {
    JobId::parse(format!("j-{n}")).unwrap()
}

/// What is there to read at once: the job of each transition, or how many were missed.
fn read(events: &mut TransitionEvents<Phase>) -> Vec<Result<String, u64>> {
    std::iter::from_fn(|| events.next().now_or_never().flatten())
        .map(|event| event.map(|transition| transition.job.to_string()))
        .collect()
}

#[test]
fn every_pair_is_counted_if_it_is_allowed_and_refused_if_not() {
    use Phase::{Done, Running, Submitted};
    let transitions = transitions(16);
    for from in [Submitted, Running, Done] {
        for to in [Submitted, Running, Done] {
            let recorded = Recorded::new();
            let result = recorded.during(|| transitions.apply(&job(1), from, to));
            let counted = match (from, to) {
                (Submitted, Running) => "test_transitions_total submitted running",
                (Running, Done) => "test_transitions_total running done",
                _ => REFUSED,
            };
            assert_eq!(recorded.counts(), once([counted]));
            assert_eq!(result.is_ok(), counted != REFUSED, "{from:?} {to:?}");
        }
    }
}

#[test]
fn k10_a_transition_says_what_happened_to_which_job_when_and_in_which_stage() {
    let before = SystemTime::now();
    let transitions = transitions(1);
    let made = Ids::empty()
        .at_stage("execute")
        .run(|| transitions.apply(&job(7), Phase::Submitted, Phase::Running))
        .unwrap();
    assert_eq!(
        (made.job, made.from, made.to),
        (job(7), Phase::Submitted, Phase::Running)
    );
    assert_eq!(made.stage, Some("execute"));
    assert!(before <= made.at && made.at <= SystemTime::now());
    assert_eq!(
        transitions
            .apply(&job(7), Phase::Running, Phase::Done)
            .unwrap()
            .stage,
        None
    );
}

#[test]
fn an_illegal_transition_says_which_and_nobody_else_hears_of_it() {
    let transitions = transitions(4);
    let mut events = transitions.follow();
    let error = transitions
        .apply(&job(1), Phase::Done, Phase::Running)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a job that is `done` cannot become `running`"
    );
    assert_eq!(read(&mut events), []);
}

#[test]
fn k10_followers_see_each_transition_in_order_from_when_they_began() {
    let transitions = transitions(16);
    let apply = |n| {
        transitions
            .apply(&job(n), Phase::Submitted, Phase::Running)
            .unwrap()
    };
    apply(0);
    let mut early = transitions.follow();
    apply(1);
    let mut late = transitions.follow();
    apply(2);
    apply(3);
    let jobs = |all: &[usize]| {
        all.iter()
            .map(|n| Ok(job(*n).to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(read(&mut early), jobs(&[1, 2, 3]));
    assert_eq!(read(&mut late), jobs(&[2, 3]));
}

#[test]
fn k10_a_slow_reader_is_told_how_many_it_missed_and_goes_on() {
    let recorded = Recorded::new();
    let transitions = transitions(4);
    let mut slow = transitions.follow();
    for n in 0..10 {
        transitions
            .apply(&job(n), Phase::Submitted, Phase::Running)
            .unwrap();
    }
    let seen = recorded.during(|| read(&mut slow));
    let expected: Vec<_> = std::iter::once(Err(6))
        .chain((6..10).map(|n| Ok(job(n).to_string())))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(recorded.counts(), [(MISSED.to_owned(), 6)]);
}

#[test]
fn k10_the_stream_ends_when_nobody_can_make_a_transition_any_more() {
    let transitions = transitions(4);
    let mut events = transitions.follow();
    transitions
        .apply(&job(1), Phase::Submitted, Phase::Running)
        .unwrap();
    assert!(read(&mut events).len() == 1 && events.next().now_or_never().is_none());
    transitions
        .apply(&job(2), Phase::Submitted, Phase::Running)
        .unwrap();
    drop(transitions);
    // What was told before is still there.
    assert_eq!(
        events.next().now_or_never().unwrap().unwrap().unwrap().job,
        job(2)
    );
    assert!(events.next().now_or_never().unwrap().is_none());
}

#[tokio::test]
async fn k10_a_reader_that_waits_is_woken_and_one_that_gives_up_loses_nothing() {
    let transitions = std::sync::Arc::new(transitions(4));
    let mut events = transitions.follow();
    assert!(
        events.next().now_or_never().is_none(),
        "dropped while it waits"
    );
    let worker = tokio::spawn({
        let transitions = std::sync::Arc::clone(&transitions);
        async move {
            transitions
                .apply(&job(1), Phase::Submitted, Phase::Running)
                .map(drop)
        }
    });
    assert_eq!(events.next().await.unwrap().unwrap().job, job(1));
    worker.await.unwrap().unwrap();
}

#[test]
fn a_stream_without_room_is_refused() {
    assert!(std::panic::catch_unwind(|| transitions(0)).is_err());
}
