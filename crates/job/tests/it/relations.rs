//! Parent or link: how a job's span stands to where its message was made.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    Context,
    trace::{SpanId, TraceContextExt},
};
use opentelemetry_sdk::trace::SpanData;
use throughline_context::{Trust, inject};
use throughline_job::{Delivery, JobContext, Outcome, Relation, Worker, job, stage};

use crate::support::{Stage, Trace, test::test_stage_duration_seconds as FAMILY};

enum Stands {
    Child,
    Linked,
}

/// Works on a job and says how its span stands to the trace it came from. It links to it always.
fn stands(trace: &Trace, worker: &Worker, context: &JobContext) -> Stands {
    let before = trace.spans().len();
    worker
        .start(Delivery::new("x", context.clone()))
        .end(Outcome::Ok);
    let links = |span: &SpanData| {
        assert_eq!(span.links.len(), 1);
        assert_eq!(span.links[0].span_context.span_id(), trace.parent.span_id());
    };
    let (spans, linked) = (trace.spans(), trace.linked());
    if spans.len() == before + 1 {
        let span = spans.last().unwrap();
        links(span);
        assert_eq!(span.parent_span_id, trace.parent.span_id());
        Stands::Child
    } else {
        let span = linked.last().unwrap();
        links(span);
        assert_eq!(span.parent_span_id, SpanId::INVALID);
        Stands::Linked
    }
}

fn is_child(worker: &Worker, change: impl FnOnce(JobContext) -> JobContext) -> bool {
    let trace = Trace::new();
    let context = change(trace.scope().run(JobContext::capture));
    matches!(stands(&trace, worker, &context), Stands::Child)
}

fn ago(seconds: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(seconds)
}

#[test]
fn b1_auto_makes_a_fresh_first_attempt_a_child() {
    let worker = Worker::new("auto").trace();
    assert!(is_child(&worker, |context| context));
    let young = |context: JobContext| context.with_enqueued_at(ago(300));
    assert!(is_child(&worker, young));
}

#[test]
fn b1_auto_links_what_is_no_fresh_first_attempt() {
    let worker = Worker::new("auto").trace();
    let second = Duration::from_secs(1);
    assert!(!is_child(&worker, |context| context.retried(Duration::ZERO)));
    assert!(!is_child(&worker, |context| context.with_attempt(2)));
    assert!(!is_child(&worker, |context| context.delayed(second)));
    assert!(!is_child(&worker, |context| context.scheduled()));
    assert!(!is_child(&worker, |context| context.redriven()));
}

#[test]
fn auto_links_what_has_waited_for_too_long() {
    let wait = |within: u64, waited: u64| {
        let parent_within = Duration::from_secs(within);
        let worker = Worker::new("auto")
            .relation(Relation::Auto { parent_within })
            .trace();
        let trace = Trace::new();
        let mut message = std::collections::HashMap::new();
        trace.scope().run(JobContext::capture).inject(&mut message);
        let at = ago(waited).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        for name in ["x-job-enqueued-at", "x-job-first-enqueued-at"] {
            message.insert(name.to_owned(), at.as_micros().to_string());
        }
        matches!(
            stands(&trace, &worker, &JobContext::extract(&message)),
            Stands::Child
        )
    };
    assert!(wait(600, 590));
    assert!(!wait(600, 610));
    assert!(!wait(5, 10));
}

#[test]
fn parent_and_link_are_what_they_say() {
    let parent = Worker::new("parent").relation(Relation::Parent).trace();
    assert!(is_child(&parent, |context| context));
    assert!(is_child(&parent, |context| context.retried(Duration::ZERO)));
    assert!(is_child(&parent, |context| context.scheduled()));
    let link = Worker::new("link").relation(Relation::Link).trace();
    assert!(!is_child(&link, |context| context));
}

#[test]
fn nobody_is_a_child_of_a_sender_who_is_not_believed() {
    let trace = Trace::new();
    let mut message = http::HeaderMap::new();
    inject(trace.scope().context(), &mut message);
    for relation in [Relation::default(), Relation::Parent] {
        let worker = Worker::new("edge").relation(relation).trace();
        let context = JobContext::arrive(Trust::Edge, &message);
        assert!(matches!(stands(&trace, &worker, &context), Stands::Linked));
        let context = JobContext::arrive(Trust::Keep, &message);
        assert!(matches!(stands(&trace, &worker, &context), Stands::Child));
    }
}

#[tokio::test]
async fn under_a_span_that_is_active_a_job_is_its_child_and_links() {
    let (sender, here) = (Trace::new(), Trace::new());
    let context = sender.scope().run(JobContext::capture);
    let worker = Worker::new("inside").trace();
    let id = throughline_correlation::JobId::generate();
    let inside = job(
        "loop",
        &id,
        worker.run(Delivery::new("x", context.clone()), async {
            Ok::<_, ()>(())
        }),
    );
    here.scope().around(inside).await.unwrap();
    let span = here.span("process inside");
    assert_eq!(
        span.parent_span_id,
        here.span("loop").span_context.span_id()
    );
    assert_eq!(
        span.links[0].span_context.trace_id(),
        sender.parent.trace_id()
    );
}

#[tokio::test]
async fn without_a_span_of_its_own_a_job_goes_on_in_the_senders_trace() {
    let trace = Trace::new();
    let context = trace
        .scope()
        .run(JobContext::capture)
        .retried(Duration::ZERO);
    let job = Worker::new("silent").start(Delivery::new("x", context.clone()));
    let seen = job
        .work(async { Context::current().span().span_context().clone() })
        .await;
    assert_eq!(seen.trace_id(), trace.parent.trace_id());
    job.end(Outcome::Ok);
    assert!(trace.spans().is_empty() && trace.linked().is_empty());
}

#[tokio::test]
async fn inside_a_job_without_a_span_only_what_asks_for_one_has_it_and_its_parts() {
    let trace = Trace::new();
    let context = trace.scope().run(JobContext::capture);
    let id = throughline_correlation::JobId::generate();
    let worker = Worker::new("silent");
    let work = worker.run(Delivery::new("x", context), async {
        stage(FAMILY, Stage::Compile, async { Ok::<_, ()>(()) }).await?;
        let inner = stage(FAMILY, Stage::Execute, async { Ok::<_, ()>(()) });
        job("loud", &id, inner).await
    });
    work.await.unwrap();
    let names: Vec<_> = trace.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["stage execute", "loud"]);
}
