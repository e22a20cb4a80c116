//! How an attempt at a batch begins.

use opentelemetry::trace::{Link, TraceContextExt};
use throughline_catalog::Era;
use throughline_context::Scope;
use throughline_correlation::Ids;

use super::{
    Job, Worker,
    job::Parts,
    metrics::Members,
    start::{apart, attempt, count_attribute, ids, open, scope},
};
use crate::{
    context::JobContext,
    families::throughline,
    labels::OperationName,
    run::Run,
    span,
    time::{Stamp, Timeline},
};

/// The links of one span: OpenTelemetry's own bound.
const MAX_LINKS: usize = 128;

pub(super) fn start(worker: &Worker, job_type: &str, contexts: &[JobContext]) -> Job {
    let config = &worker.config;
    let run = Run {
        worker: config.name,
        job_type: worker.job_type(job_type),
        ..Run::of_queue(&config.endpoint, OperationName::Process)
    };
    let timeline = Timeline::start();
    let now = Stamp::of(timeline.began());
    let counted = span::counts().then(Era::current);
    let each = contexts.iter().map(|context| ids(context, &config.tenancy));
    let ids = each.reduce(|all, one| all.shared_with(&one));
    let ids = ids.unwrap_or_else(Ids::current);
    // Stands for the batch where one context is asked for: the oldest of those that say.
    let eldest = contexts.iter().min_by_key(|context| {
        (
            context.age(now).is_none(),
            std::cmp::Reverse(context.age(now)),
        )
    });
    let nothing;
    let eldest = match eldest {
        Some(context) => context,
        None => {
            nothing = JobContext::of(Scope::default());
            &nothing
        }
    };

    let opened = (config.endpoint.trace && span::are_on()).then(|| {
        let around = Scope::current();
        let parent = apart(&JobContext::of(Scope::default()), around.context());
        let links = || {
            let creations = contexts.iter().filter_map(JobContext::creation);
            creations.take(MAX_LINKS).map(Link::with_context).collect()
        };
        let cx = open(worker, (&parent, &ids), (run.job_type, &timeline), links)?;
        let span = cx.span();
        if span.is_recording() {
            span.set_attribute(count_attribute(contexts.len()));
        }
        Some(cx)
    });
    let opened = opened.flatten();
    let linkable = contexts.iter().filter(|one| one.creation().is_some());
    if let Some(left_out) = linkable.count().checked_sub(MAX_LINKS + 1)
        && opened.is_some()
    {
        throughline::throughline_job_links_left_out_total
            .with(())
            .increment(left_out as u64 + 1);
    }

    let mut members = Members::default();
    for context in contexts {
        members.add(attempt(context.attempt(), config.max_attempts));
    }
    let job = Job::begin(Parts {
        worker,
        context: eldest.clone(),
        run,
        members,
        is_spanned: opened.is_some(),
        // Without a span of its own it goes on in no message's trace, for that would be one of many.
        scope: scope(opened, opentelemetry::Context::current, ids),
        timeline,
        counted,
        max_attempts: config.max_attempts,
    });
    if let (Some(era), Some(family)) = (counted, &config.metrics.queue_delay) {
        let _in = job.is_spanned.then(|| job.scope().enter());
        for context in contexts {
            let run = Run {
                attempt: attempt(context.attempt(), config.max_attempts),
                trigger: context.trigger(),
                ..run
            };
            if let Some(delay) = context.delay(now) {
                family.at(era, &run).record(delay);
            }
        }
    }
    job
}
