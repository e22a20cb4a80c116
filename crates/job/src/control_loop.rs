//! Loops that never end: reconcilers, projections, pollers.

use std::{future::Future, sync::Arc, time::Duration};

use opentelemetry::trace::{SpanBuilder, SpanKind};
use throughline_catalog::{Counter, Era, Family, Gauge, Histogram};

use crate::{
    ending::{ByEnding, Ending, Tally},
    observe,
    since::Since,
    span,
    timed::{Part, Piece, timed},
};

/// A loop that never ends, such as a reconciler, a projection or a poller: each turn is counted, timed
/// and, if asked for, has a span of its own; beside that it shows its backlog, its position, whether it
/// works, and how long ago it last did.
///
/// ```
/// use throughline_catalog::{catalog, label};
/// use throughline_job::{ControlLoop, Ending};
///
/// label! { pub enum Projection { Routes = "routes", Orgs = "orgs" } }
///
/// catalog! { pub mod control, budget 200;
///     /// Time to apply a batch of events.
///     histogram trc_projection_apply_duration_seconds { projection: Projection } buckets [0.01, 0.1, 1.0];
///     /// Batches that could not be applied.
///     counter trc_projection_errors_total { projection: Projection };
///     /// Events not yet applied.
///     gauge trc_projection_lag_events { projection: Projection };
///     /// The last event applied.
///     gauge trc_projection_last_applied_event_id { projection: Projection };
///     /// Time since a batch was last applied.
///     gauge projection_last_success_age_seconds { projection: Projection };
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// # let _here = metrics::set_default_local_recorder(&recorder);
/// let of = |_: Ending| (Projection::Routes,);
/// let routes = ControlLoop::new("project routes")
///     .duration(control::trc_projection_apply_duration_seconds, of)
///     .errors(control::trc_projection_errors_total, of)
///     .backlog(control::trc_projection_lag_events, of)
///     .position(control::trc_projection_last_applied_event_id, of)
///     .last_success_age(control::projection_last_success_age_seconds, of)
///     .trace();
///
/// # let apply = async || Ok::<_, std::io::Error>(4711_u32);
/// // Each turn:
/// if let Ok(event) = routes.turn(apply()).await {
///     routes.show_position(event);
/// }
/// routes.show_backlog(12_u32);
///
/// // Every few seconds, in a task of its own, also while a turn hangs: `routes.observe_every(…)`, or
/// routes.observe();
/// # assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 4);
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a loop does nothing by itself"]
pub struct ControlLoop {
    name: &'static str,
    trace: bool,
    tally: Tally,
    errors: Option<ByEnding<Counter>>,
    backlog: Option<ByEnding<Gauge>>,
    position: Option<ByEnding<Gauge>>,
    available: Option<ByEnding<Gauge>>,
    last_success_age: Option<ByEnding<Gauge>>,
    since: Arc<Since>,
}

impl ControlLoop {
    /// A loop of this name, which its spans have. One that never succeeded counts its age from here.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            trace: false,
            tally: Tally::NONE,
            errors: None,
            backlog: None,
            position: None,
            available: None,
            last_success_age: None,
            since: Arc::new(Since::now()),
        }
    }

    /// Has a span for each turn: a trace of its own, or a part of the one in scope.
    pub const fn trace(mut self) -> Self {
        self.trace = true;
        self
    }

    /// Counts the turns.
    pub fn total<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Counter>,
    {
        self.tally.total = Some(ByEnding::new(family, labels));
        self
    }

    /// Counts the turns that did not do what they should.
    pub fn errors<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Counter>,
    {
        self.errors = Some(ByEnding::new(family, labels));
        self
    }

    /// Observes how long a turn took, in seconds.
    pub fn duration<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Histogram>,
    {
        self.tally.duration = Some(ByEnding::new(family, labels));
        self
    }

    /// Shows how much there is still to do, from [`show_backlog`](Self::show_backlog). A gauge says
    /// nothing of an ending: of the labels, those for [`Ending::Ok`] count.
    pub fn backlog<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Gauge>,
    {
        self.backlog = Some(ByEnding::new(family, labels));
        self
    }

    /// Shows how far it has come, from [`show_position`](Self::show_position).
    pub fn position<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Gauge>,
    {
        self.position = Some(ByEnding::new(family, labels));
        self
    }

    /// Shows 1 when the last turn did what it should, and 0 when it did not.
    pub fn available<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Gauge>,
    {
        self.available = Some(ByEnding::new(family, labels));
        self
    }

    /// Shows, at each [`observe`](Self::observe), how long ago a turn last did what it should, in
    /// seconds. It grows while a turn hangs, which no count and no histogram tells.
    pub fn last_success_age<F>(mut self, family: F, labels: impl Fn(Ending) -> F::Labels) -> Self
    where
        F: Family<Handle = Gauge>,
    {
        self.last_success_age = Some(ByEnding::new(family, labels));
        self
    }

    /// Takes one turn. It is counted once however it ends.
    ///
    /// # Errors
    /// Whatever the work returns; an `Err` marks the span as failed.
    pub async fn turn<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        timed(self, work).await
    }

    /// Shows how much there is still to do.
    pub fn show_backlog(&self, backlog: impl Into<f64>) {
        show(self.backlog.as_ref(), backlog.into());
    }

    /// Shows how far it has come.
    pub fn show_position(&self, position: impl Into<f64>) {
        show(self.position.as_ref(), position.into());
    }

    /// How long ago a turn last did what it should, or, if none ever did, the loop was made.
    #[must_use]
    pub fn since_success(&self) -> Duration {
        self.since.elapsed()
    }

    /// Shows the age of the last success.
    pub fn observe(&self) {
        let age = self.since_success().as_secs_f64();
        show(self.last_success_age.as_ref(), age);
    }

    /// [Observes](Self::observe) for ever; for a task of its own.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its timer, and if `every` is zero.
    pub async fn observe_every(&self, every: Duration) {
        observe::for_ever(every, || self.observe()).await;
    }
}

/// A turn.
impl<T> Piece<T> for &ControlLoop {
    fn begin(&self, part: &mut Part) {
        // How long ago it last succeeded is asked for whatever the switch says.
        part.start();
        if self.trace && span::are_on() {
            let make = || SpanBuilder::from_name(self.name).with_kind(SpanKind::Internal);
            part.begins(make);
        }
    }

    fn end(&self, era: Option<Era>, ending: Ending, took: Duration) {
        if ending.is_ok() {
            self.since.mark();
        }
        let Some(era) = era else { return };
        self.tally.record(era, ending, took);
        if let Some(family) = self.errors.as_ref()
            && !ending.is_ok()
        {
            family.add(era, ending, 1);
        }
        if let Some(family) = &self.available {
            family.set(era, f64::from(u8::from(ending.is_ok())));
        }
    }
}

fn show(family: Option<&ByEnding<Gauge>>, value: f64) {
    if let Some(family) = family
        && span::counts()
    {
        family.set(Era::current(), value);
    }
}
