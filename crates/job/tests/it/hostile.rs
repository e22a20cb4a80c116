//! What anybody may write into a message.

use std::collections::HashMap;

use http::HeaderMap;
use throughline_correlation::{Ids, TenantId};
use throughline_job::{Delivery, JobContext, JobType, Outcome, Worker};

use crate::support::{Recorded, once};

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

#[test]
fn b1_what_is_malformed_is_left_out_and_counted_by_reason() {
    let long = "9".repeat(65_536);
    for (field, value, reason) in [
        ("x-job-attempt", "0", "attempt"),
        ("x-job-attempt", "-1", "attempt"),
        ("x-job-attempt", "1000001", "attempt"),
        ("x-job-attempt", "one", "attempt"),
        ("x-job-attempt", "", "attempt"),
        ("x-job-attempt", &long, "attempt"),
        ("x-job-enqueued-at", "yesterday", "time"),
        ("x-job-enqueued-at", "1700000000", "time"),
        ("x-job-enqueued-at", &long, "time"),
        ("x-job-available-at", "99999999999999999999", "time"),
        ("x-job-first-enqueued-at", "1e15", "time"),
        ("x-job-trigger", "a whim", "trigger"),
        ("x-job-trigger", &long, "trigger"),
        ("x-job-origin-traceparent", "00-00-00-00", "origin"),
        ("x-job-origin-traceparent", &long, "origin"),
    ] {
        let recorded = Recorded::new();
        let message = HashMap::from([(field.to_owned(), value.to_owned())]);
        let context = recorded.during(|| JobContext::extract(&message));
        let counted = format!("throughline_job_context_rejected_total {reason}");
        let shown = &value[..value.len().min(20)];
        assert_eq!(recorded.counts(), once([&counted]), "{field}: {shown}");
        assert_eq!(context.attempt(), 1);
        assert!(context.enqueued_at().is_none() && context.origin().is_none());
    }
}

#[test]
fn what_is_there_twice_counts_for_nothing() {
    let recorded = Recorded::new();
    let mut message = HeaderMap::new();
    for attempt in ["2", "3"] {
        message.append("x-job-attempt", attempt.parse().unwrap());
    }
    assert_eq!(
        recorded.during(|| JobContext::extract(&message)).attempt(),
        1
    );
    let counted = "throughline_job_context_rejected_total repeated";
    assert_eq!(recorded.counts(), once([counted]));
}

#[test]
fn a_context_of_64_kb_is_cut_where_each_field_ends_and_counted() {
    let recorded = Recorded::new();
    let mut message = HashMap::new();
    let long = "a".repeat(16_384);
    for field in ["traceparent", "x-job-id", "x-tenant-id", "x-job-attempt"] {
        message.insert(field.to_owned(), long.clone());
    }
    let context = recorded.during(|| JobContext::extract(&message));
    assert!(context.creation().is_none() && context.ids().is_empty());
    assert_eq!(
        recorded.counts(),
        once([
            "throughline_context_rejected_total traceparent_malformed",
            "throughline_ids_rejected_total job_id too_long",
            "throughline_ids_rejected_total tenant_id too_long",
            "throughline_job_context_rejected_total attempt",
        ])
    );
}

/// The tenant in scope of a job, and what was counted.
fn scoped(worker: &Worker, around: &Ids, claimed: Option<&str>) -> (Option<String>, Vec<String>) {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let mut context = JobContext::of(throughline_context::Scope::default());
    if let Some(claimed) = claimed {
        context = context.with_id(&tenant(claimed));
    }
    let job = around
        .clone()
        .run(|| worker.start(Delivery::new("x", context.clone())));
    let seen = job.in_scope(Ids::current_id::<TenantId>);
    job.end(Outcome::Ok);
    let counted = recorded.counts().into_iter().map(|(series, _)| series);
    let counted = counted.map(|one| one.split(' ').next_back().unwrap().to_owned());
    (seen.map(|tenant| tenant.to_string()), counted.collect())
}

#[test]
fn a_tenant_that_is_not_the_workers_is_counted_and_not_adopted() {
    let (nobody, ours) = (Ids::empty(), Ids::empty().with(&tenant("ours")));
    let is = |name: &str| Some(name.to_owned());
    let of_one = Worker::new("tenants").tenant(&tenant("ours"));
    assert_eq!(scoped(&of_one, &nobody, Some("ours")), (is("ours"), vec![]));
    assert_eq!(scoped(&of_one, &nobody, None), (is("ours"), vec![]));
    let foreign = vec!["foreign_tenant".to_owned()];
    assert_eq!(
        scoped(&of_one, &nobody, Some("theirs")),
        (is("ours"), foreign.clone())
    );

    let plain = Worker::new("tenants");
    let unchecked = vec!["unchecked_tenant".to_owned()];
    assert_eq!(scoped(&plain, &nobody, Some("theirs")), (None, unchecked));
    assert_eq!(scoped(&plain, &nobody, None), (None, vec![]));
    assert_eq!(scoped(&plain, &ours, Some("ours")), (is("ours"), vec![]));
    assert_eq!(scoped(&plain, &ours, Some("theirs")), (is("ours"), foreign));

    let believing = Worker::new("tenants").believe_tenants();
    assert_eq!(
        scoped(&believing, &nobody, Some("theirs")),
        (is("theirs"), vec![])
    );
}

#[test]
fn a_type_that_the_worker_does_not_know_is_one_of_the_others() {
    let worker = Worker::new("types").job_types(["render", "scale"]);
    let context = JobContext::of(throughline_context::Scope::default());
    let of = |text: &str| {
        let job = worker.start(Delivery::new(text, context.clone()));
        job.as_run().job_type().as_str().to_owned()
    };
    assert_eq!(of("render"), "render");
    for n in 0..1_000 {
        let hostile = format!("'; drop table jobs; -- {n}");
        assert_eq!(of(&hostile), "_OTHER");
        assert_eq!(JobType::get(&hostile), None, "it took a place");
    }
}
