//! Batches: one span, a link for each message, and each counted.

use throughline_correlation::{CorrelationId, Ids, JobId};
use throughline_job::{JobContext, Outcome, Producer};

use crate::{
    outcomes::life,
    support::{Recorded, Trace, attribute},
};

#[test]
fn b4_a_batch_links_to_128_of_its_messages_and_counts_the_rest() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let trace = Trace::new();
    let context = trace.scope().run(JobContext::capture);
    let contexts: Vec<_> = (0..200_u32)
        .map(|n| context.clone().with_attempt(1 + n % 2))
        .collect();
    let worker = throughline_job::Worker::new("batch")
        .total(life::life_jobs_total)
        .in_flight(life::life_in_flight)
        .duration(life::life_duration_seconds)
        .trace();
    let job = worker.start_batch("x", &contexts);
    assert_eq!(recorded.value("life_in_flight unnamed"), 200.0);
    job.end(Outcome::Ok);

    let spans = trace.linked();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].links.len(), 128);
    assert_eq!(
        attribute(&spans[0], "messaging.batch.message_count").as_deref(),
        Some("200")
    );
    let values = recorded.values();
    assert_eq!(values["throughline_job_links_left_out_total"], [72.0]);
    assert_eq!(values["life_jobs_total first ok"], [100.0]);
    assert_eq!(values["life_jobs_total retry ok"], [100.0]);
    assert_eq!(values["life_in_flight unnamed"], [0.0]);
    assert_eq!(values["life_duration_seconds ok"].len(), 1);
}

#[test]
fn in_scope_of_a_batch_are_the_ids_that_all_messages_share() {
    let of = |job: &str| {
        let correlation = CorrelationId::parse("c-1").unwrap();
        let context = JobContext::of(throughline_context::Scope::default());
        context
            .with_id(&JobId::parse(job).unwrap())
            .with_id(&correlation)
    };
    let worker = throughline_job::Worker::new("batch");
    let job = worker.start_batch("x", &[of("j-1"), of("j-2")]);
    let ids = job.in_scope(Ids::current);
    assert_eq!(ids.get::<CorrelationId>().unwrap().as_str(), "c-1");
    assert_eq!(ids.get::<JobId>(), None);
    job.end(Outcome::Ok);
    worker.start_batch("x", &[]).end(Outcome::Ok);
}

#[test]
fn a_batch_that_is_sent_has_one_span_and_counts_each() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let trace = Trace::new();
    let producer = Producer::new("batch").total(life::life_jobs_total).trace();
    let sending = trace.scope().run(|| producer.send_batch("x", 3));
    let (one, other) = (sending.context().creation(), sending.context().creation());
    assert_eq!(one, other);
    sending.run(|| Ok::<_, ()>(())).unwrap();
    assert_eq!(recorded.value("life_jobs_total first ok"), 3.0);
    let span = trace.span("send batch");
    assert_eq!(
        attribute(&span, "messaging.batch.message_count").as_deref(),
        Some("3")
    );
    assert_eq!(one.unwrap().span_id(), span.span_context.span_id());
}
