//! What a job takes along through a queue.

mod wire;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use throughline_context::{Extract, Inject, Propagator, Scope, Trust};
use throughline_correlation::{Id, Ids};

use crate::{
    families::{Skew, skewed},
    labels::Trigger,
    time::Stamp,
};

/// What a job takes along through a queue: trace context and ids, which attempt it is, and since when
/// it waits.
///
/// It is captured where the job is enqueued and rides in the message, over any carrier of
/// `throughline-context`: headers, string maps, pairs, JSON fields, the environment, annotations. A
/// channel inside a process takes it as it is.
///
/// ```
/// use std::collections::BTreeMap;
/// use throughline_correlation::{Ids, JobId};
/// use throughline_job::JobContext;
///
/// // Where the job is enqueued:
/// let id = JobId::generate();
/// let mut headers = BTreeMap::new();
/// Ids::empty().with(&id).run(|| JobContext::capture().inject(&mut headers));
///
/// // In the worker:
/// let context = JobContext::extract(&headers);
/// assert_eq!(context.ids().get::<JobId>(), Some(id));
/// assert_eq!(context.attempt(), 1);
///
/// // The same job once more, a minute later.
/// let again = context.retried(std::time::Duration::from_secs(60));
/// assert_eq!(again.attempt(), 2);
/// assert_eq!(again.first_enqueued_at(), context.first_enqueued_at());
/// ```
///
/// | field | is |
/// |---|---|
/// | `traceparent`, `tracestate`, `baggage`, `x-…-id` | what the process's [`Propagator`] carries |
/// | `x-job-attempt` | the number of the attempt, from 1 |
/// | `x-job-first-enqueued-at` | when the job was first enqueued, in microseconds since 1970 |
/// | `x-job-enqueued-at` | when this attempt was enqueued |
/// | `x-job-available-at` | when it is due, if it was to wait |
/// | `x-job-trigger` | `schedule` or `redrive`, if a plan or a redrive set it off |
/// | `x-job-origin-traceparent` | the context from before a dead-letter queue |
///
/// What arrives in a message is anybody's text. Reading it never fails: what is malformed, repeated or
/// beyond its bounds is left out and counted by reason, and every field has a bound, so that a context
/// of any size costs no more than looking at it.
#[derive(Clone)]
pub struct JobContext {
    /// The creation context as a remote span, and the ids.
    scope: Scope,
    /// The creation context where nobody is to be its child.
    unbelieved: Option<SpanContext>,
    passage: Passage,
}

/// What travels beside trace and ids.
#[derive(Clone)]
struct Passage {
    attempt: u32,
    first_enqueued: Option<Stamp>,
    enqueued: Option<Stamp>,
    available: Option<Stamp>,
    trigger: Trigger,
    origin: Option<SpanContext>,
}

impl JobContext {
    /// The names of the fields that [`inject`](Self::inject) writes beside those of the propagator,
    /// for carriers that have to be told.
    pub const FIELDS: [&'static str; 6] = wire::ALL;

    /// Captures the work at hand for a job that is enqueued now, for its first attempt.
    #[must_use]
    pub fn capture() -> Self {
        Self::of(Scope::current())
    }

    /// As [`capture`](Self::capture), of a scope.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        let now = Some(Stamp::now());
        let passage = Passage {
            attempt: 1,
            first_enqueued: now,
            enqueued: now,
            available: None,
            trigger: Trigger::Message,
            origin: None,
        };
        Self {
            scope: remote(scope),
            unbelieved: None,
            passage,
        }
    }

    /// Reads a context from a message of a queue that only we write to.
    #[must_use]
    pub fn extract(carrier: &impl Extract) -> Self {
        Self::arrive(Trust::Mesh, carrier)
    }

    /// Reads a context from a message, whose sender is trusted so far. With [`Trust::Edge`] no job
    /// becomes part of the sender's trace: it links to it.
    #[must_use]
    pub fn arrive(trust: Trust, carrier: &impl Extract) -> Self {
        // What is active here has no part in what the message says.
        let _nothing = Context::new().attach();
        let propagator = Propagator::global();
        let (scope, unbelieved) = propagator.arrive(trust, carrier).into_parts();
        Self {
            scope: scope.with_ids(propagator.extract_ids(carrier)),
            unbelieved,
            passage: wire::read(carrier),
        }
    }

    /// Writes the context to a message. What it has not is removed from the carrier, so that nothing
    /// stale travels on; an id that it has not is left as it is.
    pub fn inject(&self, carrier: &mut impl Inject) {
        self.scope.inject(carrier);
        wire::write(&self.passage, carrier);
    }

    /// The ids that came with the message, as the sender gave them.
    ///
    /// The tenant among them is the sender's word: a [`Worker`](crate::Worker) holds it against its own.
    #[must_use]
    pub const fn ids(&self) -> &Ids {
        self.scope.ids()
    }

    /// The span that the message was made in.
    #[must_use]
    pub fn creation(&self) -> Option<SpanContext> {
        let span = self.scope.context().span();
        let creation = self.unbelieved.as_ref().unwrap_or(span.span_context());
        creation.is_valid().then(|| creation.clone())
    }

    /// Of a job that was in a dead-letter queue: the span in which it was first enqueued.
    #[must_use]
    pub const fn origin(&self) -> Option<&SpanContext> {
        self.passage.origin.as_ref()
    }

    /// The number of the attempt, from 1.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.passage.attempt
    }

    /// What set the job off.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        match self.passage {
            Passage {
                trigger: Trigger::Message,
                available: Some(available),
                enqueued,
                ..
            } if enqueued.is_none_or(|enqueued| enqueued < available) => Trigger::Delay,
            Passage { trigger, .. } => trigger,
        }
    }

    /// When the job was enqueued for its first attempt.
    #[must_use]
    pub fn first_enqueued_at(&self) -> Option<SystemTime> {
        self.passage.first_enqueued.map(Stamp::moment)
    }

    /// When this attempt was enqueued.
    #[must_use]
    pub fn enqueued_at(&self) -> Option<SystemTime> {
        self.passage.enqueued.map(Stamp::moment)
    }

    /// When this attempt is due, if it is to wait.
    #[must_use]
    pub fn available_at(&self) -> Option<SystemTime> {
        self.passage.available.map(Stamp::moment)
    }

    /// With one id more, or with that id replaced: the message's own, the job's.
    #[must_use]
    pub fn with_id<I: Id>(mut self, id: &I) -> Self {
        let ids = self.scope.ids().clone().with(id);
        self.scope = self.scope.with_ids(ids);
        self
    }

    /// As another attempt, where the broker counts the deliveries: AMQP in `x-delivery-count`, Redis
    /// and NATS beside each message. 0 is taken for 1.
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.passage.attempt = attempt.max(1);
        self
    }

    /// Enqueued at another time, such as the broker's own stamp on the message of a sender that gives
    /// none. It is the first time as well, unless the message says when that was.
    #[must_use]
    pub fn with_enqueued_at(mut self, at: SystemTime) -> Self {
        let at = Some(Stamp::of(at));
        self.passage.enqueued = at;
        self.passage.first_enqueued = self.passage.first_enqueued.or(at);
        self
    }

    /// Due at a time to come. The delay in the queue counts from there.
    #[must_use]
    pub fn with_available_at(mut self, at: SystemTime) -> Self {
        self.passage.available = Some(Stamp::of(at));
        self
    }

    /// Due so long after it is enqueued.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        let enqueued = self.passage.enqueued.unwrap_or_else(Stamp::now);
        self.passage.available = Some(enqueued.after(delay));
        self
    }

    /// Set off by a plan, such as that of cron: the job begins a trace of its own.
    #[must_use]
    pub const fn scheduled(mut self) -> Self {
        self.passage.trigger = Trigger::Schedule;
        self
    }

    /// The context for the next attempt, which is enqueued now and due after `delay`: the creation
    /// context, the ids and the first time stay.
    #[must_use]
    pub fn retried(&self, delay: Duration) -> Self {
        let mut next = self.clone();
        next.passage.attempt = self.attempt().saturating_add(1);
        next.enqueue_now();
        if !delay.is_zero() {
            next = next.delayed(delay);
        }
        next
    }

    /// The context for the message in the dead-letter queue, made in the span that is active: the
    /// context from before is kept beside it, unchanged.
    #[must_use]
    pub fn dead_lettered(&self) -> Self {
        let creation = self.creation();
        let mut next = self.clone();
        next.enqueue_now();
        next.passage.origin = self.passage.origin.clone().or_else(|| creation.clone());
        next.created_here();
        next
    }

    /// The context for a job that is taken out of the dead-letter queue: a first attempt once more, which
    /// links to the attempt that failed and to where the job came from.
    #[must_use]
    pub fn redriven(&self) -> Self {
        let mut next = self.clone();
        next.passage.attempt = 1;
        next.passage.trigger = Trigger::Redrive;
        next.enqueue_now();
        next
    }

    /// The scope: the creation context as a remote span, and the ids.
    pub(crate) const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether a span may be a child of the creation context.
    pub(crate) fn is_believed(&self) -> bool {
        self.unbelieved.is_none() && self.creation().is_some()
    }

    /// How long this attempt waited beyond its time; nothing if the message does not say.
    pub(crate) fn delay(&self, now: Stamp) -> Option<Duration> {
        let Passage {
            enqueued,
            available,
            first_enqueued,
            ..
        } = self.passage;
        if let (Some(first), Some(enqueued)) = (first_enqueued, enqueued)
            && enqueued < first
        {
            skewed(Skew::Backwards);
        }
        // `None` is the least of all.
        Some(enqueued.max(available)?.age(now))
    }

    /// How long ago the job was first enqueued; nothing if the message does not say.
    pub(crate) fn age(&self, now: Stamp) -> Option<Duration> {
        let first = self.passage.first_enqueued?;
        // A message from the future is counted where its delay is read.
        Some(Duration::from_micros(
            now.micros().saturating_sub(first.micros()),
        ))
    }

    /// The same job in a message that is made in this span.
    pub(crate) fn created_in(mut self, span: &SpanContext) -> Self {
        if span.is_valid() {
            let span = as_remote(span);
            let context = self.scope.context().with_remote_span_context(span);
            self.scope = self.scope.with_context(context);
            self.unbelieved = None;
        }
        self
    }

    fn created_here(&mut self) {
        let span = Context::map_current(|cx| cx.span().span_context().clone());
        *self = self.clone().created_in(&span);
    }

    fn enqueue_now(&mut self) {
        let now = Some(Stamp::now());
        self.passage.enqueued = now;
        self.passage.first_enqueued = self.passage.first_enqueued.or(now);
        self.passage.available = None;
    }
}

/// The scope with no more of its span than travels: a message in a queue must not keep a span alive.
fn remote(scope: Scope) -> Scope {
    if !scope.context().has_active_span() {
        return scope;
    }
    let span = as_remote(scope.context().span().span_context());
    let context = scope.context().with_remote_span_context(span);
    scope.with_context(context)
}

/// The span as whoever takes the message sees it, in this process too.
fn as_remote(span: &SpanContext) -> SpanContext {
    SpanContext::new(
        span.trace_id(),
        span.span_id(),
        span.trace_flags(),
        true,
        span.trace_state().clone(),
    )
}

/// Without the texts that came in a message, except ids, which are parsed.
impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("scope", &self.scope)
            .field("attempt", &self.attempt())
            .field("trigger", &self.trigger())
            .field("first_enqueued_at", &self.first_enqueued_at())
            .field("enqueued_at", &self.enqueued_at())
            .field("available_at", &self.available_at())
            .finish_non_exhaustive()
    }
}
