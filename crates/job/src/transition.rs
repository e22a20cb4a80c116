//! State transitions: checked, counted, and told to whoever follows.

use std::{fmt, time::SystemTime};

use throughline_catalog::{Counter, Family, Label, Labels};
use throughline_correlation::{Ids, JobId};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{families::throughline, span};

/// The states of a job: a closed set that knows which may follow which.
pub trait State: Label + PartialEq + fmt::Debug + Send + Sync {
    /// Whether a job in this state may go to `next`.
    fn may_become(self, next: Self) -> bool;
}

/// One state transition.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transition<S> {
    /// When.
    pub at: SystemTime,
    /// Which job.
    pub job: JobId,
    /// The state before.
    pub from: S,
    /// The state since.
    pub to: S,
    /// The stage in scope.
    pub stage: Option<&'static str>,
}

/// A transition that the state machine does not allow; it was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalTransition<S> {
    from: S,
    to: S,
}

impl<S: State> fmt::Display for IllegalTransition<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (S::text(self.from.index()), S::text(self.to.index()));
        write!(f, "a job that is `{from}` cannot become `{to}`")
    }
}

impl<S: State> std::error::Error for IllegalTransition<S> {}

/// Counts the transitions of jobs and tells them to followers.
///
/// The stream of events is bounded: a reader that is slow loses the oldest and learns how many.
#[derive(Debug)]
pub struct Transitions<F, S> {
    events: broadcast::Sender<Transition<S>>,
    family: F,
}

impl<F, S> Transitions<F, S>
where
    F: Family<Handle = Counter, Labels = (S, S)>,
    S: State,
    (S, S): Labels,
{
    /// Counts in `family`, and keeps `capacity` events for slow readers, rounded up to a power of two.
    ///
    /// # Panics
    /// If `capacity` is 0.
    #[must_use]
    pub fn new(family: F, capacity: usize) -> Self {
        Self {
            events: broadcast::Sender::new(capacity),
            family,
        }
    }

    /// Makes one transition of one job: checks that it is allowed, counts it and tells it.
    ///
    /// The stage is the one in scope.
    ///
    /// # Errors
    /// [`IllegalTransition`] if `from` may not become `to`; it is counted and nothing else is done.
    pub fn apply(
        &self,
        job: &JobId,
        from: S,
        to: S,
    ) -> Result<Transition<S>, IllegalTransition<S>> {
        transition(self.family, from, to)?;
        let stage = Ids::current().stage();
        let transition = Transition {
            at: SystemTime::now(),
            job: job.clone(),
            from,
            to,
            stage,
        };
        // Nobody may be following; that is no error.
        let _ = self.events.send(transition.clone());
        Ok(transition)
    }

    /// Follows all jobs from now on.
    #[must_use]
    pub fn follow(&self) -> TransitionEvents<S> {
        TransitionEvents {
            events: self.events.subscribe(),
        }
    }
}

/// A reader of the event stream.
#[derive(Debug)]
pub struct TransitionEvents<S> {
    events: broadcast::Receiver<Transition<S>>,
}

impl<S: State> TransitionEvents<S> {
    /// The next transition of any job; `None` when there will be no more.
    ///
    /// `Err` tells how many this reader was too slow to see; the next call goes on after them. Nothing
    /// is lost if the future is dropped while it waits.
    ///
    /// # Errors
    /// The number of transitions that were missed.
    pub async fn next(&mut self) -> Option<Result<Transition<S>, u64>> {
        match self.events.recv().await {
            Ok(transition) => Some(Ok(transition)),
            Err(RecvError::Lagged(missed)) => {
                throughline::throughline_job_events_missed_total
                    .with(())
                    .increment(missed);
                Some(Err(missed))
            }
            Err(RecvError::Closed) => None,
        }
    }
}

/// Makes one state transition of a job: checks that it is allowed and counts it in `family`.
///
/// For a state that is kept, and told to its followers, somewhere else; [`Transitions`] tells them.
///
/// # Errors
/// [`IllegalTransition`] if `from` may not become `to`; it is counted as refused, and the caller
/// leaves the state as it is.
pub fn transition<F, S>(family: F, from: S, to: S) -> Result<(), IllegalTransition<S>>
where
    F: Family<Handle = Counter, Labels = (S, S)>,
    S: State,
    (S, S): Labels,
{
    let is_legal = from.may_become(to);
    if span::counts() {
        if is_legal {
            family.with((from, to)).increment(1);
        } else {
            throughline::throughline_job_transitions_refused_total
                .with(())
                .increment(1);
        }
    }
    if is_legal {
        return Ok(());
    }
    Err(IllegalTransition { from, to })
}
