//! Which state may follow which.

use futures_util::{FutureExt as _, StreamExt as _};
use job_kernel::{
    job::JobId,
    kernel::{Job, Stage, State},
};
use throughline_job::State as _;

fn submitted() -> Job {
    Job::new(JobId::generate())
}

/// A job led to a state on the shortest way.
fn job_in(state: State) -> Job {
    let job = submitted();
    let way: &[State] = match state {
        State::Failed => &[State::Failed],
        _ => &State::ALL[1..=State::ALL.iter().position(|known| *known == state).unwrap()],
    };
    for to in way.iter().filter(|to| **to != State::Submitted) {
        job.transition(*to, Stage::Validate, |_| {}).unwrap();
    }
    assert_eq!(job.state(), state);
    job
}

#[test]
fn every_pair_of_states() {
    // A row for each state, a column for each it may become, in the order of `State::ALL`.
    let legal = [
        ".v.....f", // submitted
        "..c....f", // validated
        "...s...f", // compiled
        "....r..f", // scheduled
        ".....c.f", // running
        "......cf", // collecting
        "........", // completed
        "........", // failed
    ];
    for (&from, row) in State::ALL.iter().zip(legal) {
        for (&to, mark) in State::ALL.iter().zip(row.bytes()) {
            let expected = mark != b'.';
            assert_eq!(from.may_become(to), expected, "{from:?} to {to:?}");

            let job = job_in(from);
            let before = job.record().transitions.len();
            let mut noted = false;
            let result = job.transition(to, Stage::Execute, |_| noted = true);
            assert_eq!(
                (result.is_ok(), noted),
                (expected, expected),
                "{from:?} to {to:?}"
            );
            assert_eq!(job.state(), if expected { to } else { from });
            assert_eq!(
                job.record().transitions.len() - before,
                usize::from(expected)
            );
        }
        assert_eq!(
            from.is_terminal(),
            matches!(from, State::Completed | State::Failed)
        );
    }
}

#[test]
fn a_refused_step_says_which() {
    let why = job_in(State::Completed)
        .transition(State::Running, Stage::Execute, |_| {})
        .unwrap_err();
    assert_eq!(
        why.to_string(),
        "a job that is `completed` cannot become `running`"
    );
}

#[tokio::test]
async fn a_watcher_sees_each_transition_once_however_late_it_comes() {
    let steps = |seen: &[(State, State)]| {
        seen.iter()
            .map(|(_, to)| to.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };

    let job = submitted();
    job.transition(State::Validated, Stage::Validate, |_| {})
        .unwrap();
    let mut early = Box::pin(job.transitions().map(|t| (t.from, t.to)));
    let mut seen = vec![early.next().await.unwrap()];
    assert!(
        early.next().now_or_never().is_none(),
        "nothing new, and no end"
    );
    // Two at once: a watcher that was asleep misses none.
    job.transition(State::Compiled, Stage::Compile, |_| {})
        .unwrap();
    job.transition(State::Failed, Stage::Schedule, |_| {})
        .unwrap();
    let late: Vec<_> = job.transitions().map(|t| (t.from, t.to)).collect().await;
    drop(job);
    seen.extend(early.collect::<Vec<_>>().await);

    assert_eq!(steps(&seen), "validated compiled failed");
    assert_eq!(seen, late);
    assert!(
        seen.windows(2).all(|pair| pair[0].1 == pair[1].0),
        "each begins where the last one ended"
    );
}
