//! State transitions: checked, counted, and told to whoever follows.

use std::{fmt, time::SystemTime};

use throughline_catalog::{Counter, Family, Gauge, Label, Labels, Store};
use throughline_correlation::{Ids, JobId};

use crate::{
    events::{Events, Feed},
    families::throughline,
    span,
};

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
    feed: Feed<Transition<S>>,
    family: F,
    population: Option<ByState<S>>,
}

/// How many are in each state.
struct ByState<S>(&'static Store<Gauge>, fn(S) -> usize);

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
            feed: Feed::new(capacity),
            family,
            population: None,
        }
    }

    /// Shows in `family` how many are in each state, such as `agents_total{status}`. What comes to be
    /// in its first state [enters](Self::enter), what is no more [leaves](Self::leave).
    #[must_use]
    pub fn population<G>(mut self, _: G) -> Self
    where
        G: Family<Handle = Gauge, Labels = (S,)>,
        (S,): Labels,
    {
        self.population = Some(ByState(G::store(), |state| (state,).index()));
        self
    }

    /// One more is in this state, without having been in another.
    pub fn enter(&self, state: S) {
        if span::counts() {
            self.move_by(state, 1.0);
        }
    }

    /// One less is in this state, without being in another.
    pub fn leave(&self, state: S) {
        if span::counts() {
            self.move_by(state, -1.0);
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
        if self.population.is_some() && span::counts() {
            self.move_by(from, -1.0);
            self.move_by(to, 1.0);
        }
        let transition = Transition {
            at: SystemTime::now(),
            job: job.clone(),
            from,
            to,
            stage: Ids::with_current(Ids::stage),
        };
        if self.feed.is_followed() {
            self.feed.tell(transition.clone());
        }
        Ok(transition)
    }

    /// Follows all jobs from now on.
    #[must_use]
    pub fn follow(&self) -> TransitionEvents<S> {
        self.feed.follow()
    }

    fn move_by(&self, state: S, by: f64) {
        if let Some(ByState(store, index)) = &self.population {
            store.now(index(state)).increment(by);
        }
    }
}

impl<S> fmt::Debug for ByState<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.desc().name())
    }
}

/// A reader of the transitions of all jobs.
pub type TransitionEvents<S> = Events<Transition<S>>;

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
