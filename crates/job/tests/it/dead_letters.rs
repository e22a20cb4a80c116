//! Retries, the dead-letter queue and the way back from it.

use std::{collections::HashMap, time::Duration};

use throughline_job::{Delivery, JobContext, Outcome, Producer, Sending, Trigger, Worker};

use crate::support::{Trace, attribute};

/// Over a queue of strings.
fn crossed(sending: Sending) -> JobContext {
    let mut message = HashMap::new();
    sending.inject(&mut message);
    sending.run(|| Ok::<_, ()>(())).unwrap();
    JobContext::extract(&message)
}

#[test]
fn b3_a_poison_job_from_its_first_attempt_to_its_redrive() {
    let trace = Trace::new();
    let (jobs, dead) = (
        Producer::new("jobs").trace(),
        Producer::new("jobs.dead").trace(),
    );
    let worker = Worker::new("jobs").max_attempts(2).trace();
    let first = crossed(trace.scope().run(|| jobs.send("poison")));
    let created = trace.span("send jobs").span_context;

    // The first attempt fails: the retry has a span of its own and stays linked to the beginning.
    let job = worker.start(Delivery::new("poison", first.clone()));
    let attempt_1 = job.scope().clone();
    let second =
        crossed(job.in_scope(|| jobs.retry("poison", job.context(), Duration::from_secs(5))));
    job.end(Outcome::Retry);
    assert_eq!(second.attempt(), 2);
    assert_eq!(second.creation().unwrap().span_id(), created.span_id());
    assert_eq!(second.first_enqueued_at(), first.first_enqueued_at());
    assert_eq!(second.trigger(), Trigger::Delay);
    let retry = trace
        .spans()
        .into_iter()
        .rfind(|span| span.name == "send jobs")
        .unwrap();
    assert_eq!(
        attribute(&retry, "throughline.job.attempt").as_deref(),
        Some("2")
    );
    assert_eq!(retry.links[0].span_context.span_id(), created.span_id());
    let attempt_1 = opentelemetry::trace::TraceContextExt::span(attempt_1.context())
        .span_context()
        .clone();
    assert_eq!(retry.parent_span_id, attempt_1.span_id());

    // The last one fails too: into the dead-letter queue, with the context from before beside the new.
    let job = worker.start(Delivery::new("poison", second.clone()));
    assert!(job.is_final());
    let corpse = crossed(job.in_scope(|| dead.dead_letter("poison", job.context())));
    job.end(Outcome::DeadLetter);
    assert_eq!(corpse.origin().unwrap().span_id(), created.span_id());
    assert_eq!(corpse.first_enqueued_at(), first.first_enqueued_at());
    let attempts = trace.linked();
    let buried = attempts
        .iter()
        .find(|span| span.name == "send jobs.dead")
        .unwrap();
    assert_eq!(
        corpse.creation().unwrap().span_id(),
        buried.span_context.span_id()
    );

    // Somebody takes it out: a first attempt once more, linked to both.
    let again = Trace::new();
    let redriven = crossed(again.scope().run(|| jobs.redrive("poison", &corpse)));
    assert_eq!(
        (redriven.attempt(), redriven.trigger()),
        (1, Trigger::Redrive)
    );
    assert_eq!(redriven.origin().unwrap().span_id(), created.span_id());
    let sent = again.span("send jobs");
    let links: Vec<_> = sent
        .links
        .iter()
        .map(|link| link.span_context.span_id())
        .collect();
    assert_eq!(links, [buried.span_context.span_id(), created.span_id()]);
    worker
        .start(Delivery::new("poison", redriven.clone()))
        .end(Outcome::Ok);
    let worked = again.linked();
    let links: Vec<_> = worked[0]
        .links
        .iter()
        .map(|link| link.span_context.span_id())
        .collect();
    assert_eq!(links, [sent.span_context.span_id(), created.span_id()]);
}

#[test]
fn dead_lettering_twice_keeps_the_first_origin() {
    let (trace, later) = (Trace::new(), Trace::new());
    let context = trace.scope().run(JobContext::capture);
    let corpse = later.scope().run(|| context.dead_lettered());
    let twice = later.scope().run(|| corpse.redriven().dead_lettered());
    assert_eq!(twice.origin().unwrap().trace_id(), trace.parent.trace_id());
}
