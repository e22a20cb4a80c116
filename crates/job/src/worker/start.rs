//! How an attempt at one job begins.

use opentelemetry::{
    Context, KeyValue,
    baggage::BaggageExt,
    trace::{Link, SpanBuilder, SpanKind, TraceContextExt},
};
use throughline_catalog::Era;
use throughline_context::Scope;
use throughline_correlation::{Ids, Key, TenantId};

use super::{Delivery, Job, Tenancy, Worker, job::Parts, metrics::Members};
use crate::{
    context::JobContext,
    conventions::{
        ATTEMPT, JOB_TYPE, LINK, MAX_ATTEMPTS, MESSAGE_COUNT, MESSAGE_ID, QUEUE_DELAY, TRIGGER,
    },
    families::{Rejected, rejected},
    labels::OperationName,
    labels::{Attempt, JobType, Outcome, Trigger},
    relation::Relation,
    run::Run,
    span::{self, Untraced},
    time::{Stamp, Timeline},
};

pub(super) fn one(worker: &Worker, delivery: Delivery<'_>) -> Job {
    let config = &worker.config;
    let Delivery {
        job_type,
        ref context,
        max_attempts,
        taken_over,
    } = delivery;
    let max_attempts = max_attempts.unwrap_or(config.max_attempts);
    let run = Run {
        worker: config.name,
        job_type: worker.job_type(job_type),
        attempt: attempt(context.attempt(), max_attempts),
        trigger: context.trigger(),
        ..Run::of_queue(&config.endpoint, OperationName::Process)
    };
    let timeline = Timeline::start();
    let now = Stamp::of(timeline.began());
    let counted = span::counts().then(Era::current);
    let delay = context.delay(now);
    let ids = ids(context, &config.tenancy);
    let around = Scope::current();
    let link = context.creation();
    let believed = is_parent(worker, context, around.context(), now);

    let opened = (config.endpoint.trace && span::are_on()).then(|| {
        let parent = if believed {
            context.scope().context().clone()
        } else {
            apart(context, around.context())
        };
        let links = || {
            let creation = link.clone().map(Link::with_context);
            let origin = context.origin().cloned();
            let origin = origin.map(|span| Link::new(span, vec![KeyValue::new(LINK, "origin")], 0));
            creation.into_iter().chain(origin).collect()
        };
        let cx = open(worker, (&parent, &ids), (run.job_type, &timeline), links)?;
        let span = cx.span();
        if span.is_recording() {
            if let Some(id) = ids.text(Key::Message) {
                span.set_attribute(KeyValue::new(MESSAGE_ID, id.to_owned()));
            }
            span.set_attribute(KeyValue::new(ATTEMPT, i64::from(context.attempt())));
            if max_attempts != 0 {
                span.set_attribute(KeyValue::new(MAX_ATTEMPTS, i64::from(max_attempts)));
            }
            span.set_attribute(KeyValue::new(TRIGGER, run.trigger.as_str()));
            if let Some(delay) = delay {
                span.set_attribute(KeyValue::new(QUEUE_DELAY, delay.as_secs_f64()));
            }
        }
        Some(cx)
    });
    let opened = opened.flatten();
    let mut members = Members::default();
    members.add(run.attempt);
    let job = Job::begin(Parts {
        worker,
        run,
        members,
        is_spanned: opened.is_some(),
        scope: scope(opened, || goes_on(context, around.context()), ids),
        context: delivery.context,
        timeline,
        counted,
        max_attempts,
    });
    if let Some(era) = counted {
        let metrics = &config.metrics;
        if let (Some(family), Some(delay)) = (&metrics.queue_delay, delay) {
            let _in = job.is_spanned.then(|| job.scope().enter());
            family.at(era, &run).record(delay);
        }
        if taken_over && 1 < job.attempt() {
            let attempt = attempt(job.attempt() - 1, max_attempts);
            let outcome = Outcome::Abandoned;
            metrics.ended(
                era,
                Run {
                    attempt,
                    outcome,
                    ..run
                },
                1,
            );
        }
    }
    job
}

/// Which attempt it is of so many; of 0, nobody knows which is the last.
pub(super) const fn attempt(number: u32, max: u32) -> Attempt {
    if max != 0 && max <= number {
        Attempt::Final
    } else if number <= 1 {
        Attempt::First
    } else {
        Attempt::Retry
    }
}

/// Opens the consumer's span.
pub(super) fn open(
    worker: &Worker,
    (parent, ids): (&Context, &Ids),
    (job_type, timeline): (JobType, &Timeline),
    links: impl Fn() -> Vec<Link>,
) -> Option<Context> {
    let endpoint = &worker.config.endpoint;
    let make = || {
        let mut attributes = endpoint.attributes(OperationName::Process, 7);
        attributes.push(KeyValue::new(JOB_TYPE, job_type.as_str()));
        SpanBuilder::from_name(OperationName::Process.of(endpoint.queue))
            .with_kind(SpanKind::Consumer)
            .with_start_time(timeline.began())
            .with_attributes(attributes)
            .with_links(links())
    };
    let cx = span::open(parent, ids, make)?;
    Some(if cx.span().is_recording() {
        // The parts of the job find it.
        cx.with_value(*timeline)
    } else {
        cx
    })
}

/// The scope of a job: in its span; where it has none, nothing inside has one either.
pub(super) fn scope(
    opened: Option<Context>,
    otherwise: impl FnOnce() -> Context,
    ids: Ids,
) -> Scope {
    let context = opened.unwrap_or_else(|| {
        let otherwise = otherwise();
        if otherwise.has_active_span() {
            otherwise.with_value(Untraced(true))
        } else {
            otherwise
        }
    });
    Scope::new(context, ids)
}

/// Where a job without a span of its own goes on: in the sender's trace, which must not break here, or
/// under what is active.
fn goes_on(context: &JobContext, around: &Context) -> Context {
    if context.is_believed() {
        context.scope().context().clone()
    } else {
        around.clone()
    }
}

/// Whether the creation context is to be the parent.
fn is_parent(worker: &Worker, context: &JobContext, around: &Context, now: Stamp) -> bool {
    if !context.is_believed() {
        return false;
    }
    match worker.config.relation {
        Relation::Link => false,
        Relation::Parent => true,
        Relation::Auto { parent_within } => {
            context.attempt() == 1
                && context.trigger() == Trigger::Message
                && !around.span().span_context().is_valid()
                && context.age(now).is_none_or(|age| age <= parent_within)
        }
    }
}

/// Where a span begins that is no child of the creation context: under the span that is active, or in a
/// trace of its own. The baggage comes along.
pub(super) fn apart(context: &JobContext, around: &Context) -> Context {
    let sent = context.scope().context().baggage();
    let own = if around.has_active_span() {
        around.clone()
    } else {
        Context::new()
    };
    if sent.is_empty() {
        return own;
    }
    let members = sent.iter().map(|(key, (value, metadata))| {
        opentelemetry::baggage::KeyValueMetadata::new(key.clone(), value.clone(), metadata.clone())
    });
    own.with_baggage(members)
}

/// The ids of the job: the message's, over those in scope, with a tenant that the worker stands for.
pub(super) fn ids(context: &JobContext, tenancy: &Tenancy) -> Ids {
    let sent = context.ids();
    let around = Ids::current();
    let claimed = sent.text(Key::Tenant);
    let tenant = match tenancy {
        Tenancy::Believed => return sent.clone().or(&around),
        Tenancy::One(tenant) => {
            if claimed.is_some_and(|claimed| claimed != tenant.as_str()) {
                rejected(Rejected::ForeignTenant);
            }
            Some(tenant.clone())
        }
        Tenancy::Unknown => {
            let tenant = around.get::<TenantId>();
            match (claimed, &tenant) {
                (Some(_), None) => rejected(Rejected::UncheckedTenant),
                (Some(claimed), Some(own)) if claimed != own.as_str() => {
                    rejected(Rejected::ForeignTenant);
                }
                _ => {}
            }
            tenant
        }
    };
    match tenant {
        Some(tenant) if claimed == Some(tenant.as_str()) => sent.clone().or(&around),
        Some(tenant) => sent.clone().or(&around).with(&tenant),
        None => sent.clone().without(Key::Tenant).or(&around),
    }
}

/// The number of messages, where it is more than one.
pub(super) fn count_attribute(messages: usize) -> KeyValue {
    KeyValue::new(MESSAGE_COUNT, i64::try_from(messages).unwrap_or(i64::MAX))
}
