//! Over a queue: what goes in comes out, over every carrier.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};

use futures_util::FutureExt;
use http::HeaderMap;
use opentelemetry::trace::SpanKind;
use throughline_context::{
    AnnotationKeys, Annotations, Environment, Extract, Fields, Inject, Traced,
};
use throughline_correlation::{CorrelationId, Ids, JobId, MessageId};
use throughline_job::{Delivery, JobContext, Producer, Trigger, Worker, stage};

use crate::support::{Stage, Trace, attribute, test::test_stage_duration_seconds as FAMILY};

fn sent(trace: &Trace) -> JobContext {
    let context = trace.scope().run(JobContext::capture);
    context
        .with_id(&JobId::parse("j-1").unwrap())
        .with_id(&CorrelationId::parse("c-1").unwrap())
        .with_id(&MessageId::parse("m-1").unwrap())
}

/// All that the context says.
fn told(context: &JobContext) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        context
            .creation()
            .map(|span| (span.trace_id(), span.span_id(), span.is_sampled())),
        context
            .origin()
            .map(opentelemetry::trace::SpanContext::trace_id),
        context.ids().clone(),
        (context.attempt(), context.trigger()),
        (
            context.first_enqueued_at(),
            context.enqueued_at(),
            context.available_at(),
        ),
    )
}

fn over<C: Extract + Inject>(mut carrier: C, context: &JobContext) -> C {
    context.inject(&mut carrier);
    let name = std::any::type_name::<C>();
    assert_eq!(
        told(&JobContext::extract(&carrier)),
        told(context),
        "{name}"
    );
    // Once more over what is there: nothing is doubled.
    context.inject(&mut carrier);
    assert_eq!(
        told(&JobContext::extract(&carrier)),
        told(context),
        "{name}"
    );
    carrier
}

#[test]
fn b1_a_context_rides_over_every_carrier() {
    let trace = Trace::new();
    let first = sent(&trace);
    let retried = first.retried(Duration::from_secs(3));
    let dead = trace.scope().run(|| retried.dead_lettered());
    for context in [
        first.clone(),
        retried,
        dead.redriven(),
        dead,
        first.scheduled(),
    ] {
        over(HeaderMap::new(), &context);
        over(BTreeMap::<String, String>::new(), &context);
        over(HashMap::<String, String>::new(), &context);
        over(Vec::<(String, Vec<u8>)>::new(), &context);
        over(Vec::<(String, String)>::new(), &context);
        over(serde_json::Map::new(), &context);
        over(Fields::new(), &context);
        over(Annotations::new(BTreeMap::new()), &context);
        over(
            Annotations::new(BTreeMap::new()).written_as(AnnotationKeys::Kubernetes),
            &context,
        );
        let environment = over(Environment::new(), &context);
        let variables: HashMap<_, _> = environment.iter().collect();
        let read = Environment::from_lookup_with(&JobContext::FIELDS, |name| {
            variables.get(name).map(|value| (*value).to_owned())
        });
        assert_eq!(told(&JobContext::extract(&read)), told(&context));
    }
}

#[test]
fn what_a_context_has_not_is_removed_from_the_carrier() {
    let trace = Trace::new();
    let mut headers = HeaderMap::new();
    let dead = trace
        .scope()
        .run(|| sent(&trace).delayed(Duration::from_secs(9)).dead_lettered());
    dead.redriven().inject(&mut headers);
    let context = sent(&trace);
    context.inject(&mut headers);
    assert_eq!(told(&JobContext::extract(&headers)), told(&context));
    let mut child = std::process::Command::new("true");
    let mut environment = Environment::new();
    context.inject(&mut environment);
    environment.apply(&mut child);
    let removed: Vec<_> = child
        .get_envs()
        .filter(|(_, value)| value.is_none())
        .collect();
    assert!(
        removed.iter().any(|(name, _)| *name == "X_JOB_TRIGGER"),
        "{removed:?}"
    );
}

#[test]
fn an_empty_carrier_is_an_empty_context() {
    let context = JobContext::extract(&HeaderMap::new());
    assert!(context.creation().is_none() && context.ids().is_empty());
    assert_eq!(
        (context.attempt(), context.trigger()),
        (1, Trigger::Message)
    );
    assert_eq!(context.enqueued_at(), None);
    // What is current where it is read has no part in it.
    let trace = Trace::new();
    let scope = trace
        .scope()
        .with_ids(Ids::empty().with(&JobId::generate()));
    let context = scope.run(|| JobContext::extract(&HeaderMap::new()));
    assert!(context.creation().is_none() && context.ids().is_empty());
}

#[test]
fn a_brokers_own_count_and_stamp_stand_in_for_a_sender_that_gives_none() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let context = JobContext::extract(&HeaderMap::new())
        .with_attempt(3)
        .with_enqueued_at(at);
    assert_eq!((context.attempt(), context.enqueued_at()), (3, Some(at)));
    assert_eq!(context.first_enqueued_at(), Some(at));
    assert_eq!(context.with_attempt(0).attempt(), 1);
}

#[tokio::test]
async fn b1_b3_one_trace_from_the_sender_over_a_channel_to_the_stages_of_the_job() {
    let trace = Trace::new();
    let (queue, mut messages) = tokio::sync::mpsc::channel(4);
    let producer = Producer::new("benches").system("tokio").trace();
    let worker = Worker::new("benches")
        .system("tokio")
        .consumer_group("lab")
        .trace();

    let ids = Ids::empty().with(&CorrelationId::parse("c-7").unwrap());
    let push = trace.scope().with_ids(ids).around(async {
        let context = JobContext::capture().with_id(&MessageId::parse("m-7").unwrap());
        let sending = producer.send_with("provision", context);
        let message = sending.context().clone();
        sending.around(queue.send(message)).await
    });
    push.await.unwrap();

    let pop = worker.receive(async { Ok::<_, ()>(messages.recv().await) });
    let context = pop.await.unwrap().unwrap();
    let id = JobId::parse("e-7").unwrap();
    let work = worker.run(Delivery::new("provision", context.with_id(&id)), async {
        assert_eq!(Ids::current_id::<CorrelationId>().unwrap().as_str(), "c-7");
        assert_eq!(Ids::current_id::<JobId>().unwrap().as_str(), "e-7");
        stage(FAMILY, Stage::Execute, async { Ok::<_, ()>(()) }).await
    });
    work.await.unwrap();
    trace
        .scope()
        .around(worker.settle(async { Ok::<_, ()>(()) }))
        .await
        .unwrap();

    let send = trace.span("send benches");
    assert_eq!(send.span_kind, SpanKind::Producer);
    assert_eq!(send.parent_span_id, trace.parent.span_id());
    let process = trace.span("process benches");
    assert_eq!(process.span_kind, SpanKind::Consumer);
    assert_eq!(process.parent_span_id, send.span_context.span_id());
    assert!(process.parent_span_is_remote);
    assert_eq!(process.links.len(), 1);
    let creation = &process.links[0].span_context;
    assert_eq!(creation.span_id(), send.span_context.span_id());
    let of_job = trace.span("stage execute");
    assert_eq!(of_job.parent_span_id, process.span_context.span_id());
    assert_eq!(attribute(&of_job, "correlation_id").as_deref(), Some("c-7"));
    assert_eq!(trace.span("settle benches").span_kind, SpanKind::Client);

    let of_both = [
        ("messaging.system", "tokio"),
        ("messaging.destination.name", "benches"),
        ("messaging.message.id", "m-7"),
        ("throughline.job.type", "provision"),
        ("throughline.job.trigger", "message"),
    ];
    let of_send = [
        ("messaging.operation.name", "send"),
        ("messaging.operation.type", "send"),
    ];
    let of_process = [
        ("messaging.operation.name", "process"),
        ("messaging.operation.type", "process"),
        ("messaging.consumer.group.name", "lab"),
        ("throughline.job.attempt", "1"),
        ("throughline.job.outcome", "ok"),
    ];
    let has = |span: &opentelemetry_sdk::trace::SpanData, of: &[(&str, &str)]| {
        for (key, value) in of {
            assert_eq!(
                attribute(span, key).as_deref(),
                Some(*value),
                "{} {key}",
                span.name
            );
        }
    };
    has(&send, &of_both);
    has(&send, &of_send);
    has(&process, &of_both);
    has(&process, &of_process);
    // Nothing else, but the ids that the process's own processor writes.
    let known = |key: &str| {
        key.ends_with("_id") || key.starts_with("messaging.") || key.starts_with("throughline.job.")
    };
    assert!(
        process.attributes.iter().all(|kv| known(kv.key.as_str())),
        "{process:?}"
    );
}

#[tokio::test]
async fn b3_a_poll_that_finds_nothing_has_no_span_and_one_that_fails_a_failed_one() {
    let trace = Trace::new();
    let worker = Worker::new("empty").trace();
    let poll = async {
        worker
            .receive(async { Ok::<_, ()>(None::<()>) })
            .await
            .unwrap();
        worker
            .receive(async { Ok::<_, ()>(Vec::<()>::new()) })
            .await
            .unwrap();
        assert!(
            worker
                .receive(async { Err::<Option<()>, _>(()) })
                .await
                .is_err()
        );
        worker
            .receive(async { Ok::<_, ()>(vec![1, 2, 3]) })
            .await
            .unwrap();
    };
    trace.scope().around(poll).await;
    let spans = trace.spans();
    assert_eq!(spans.len(), 2, "{spans:?}");
    assert_eq!(
        attribute(&spans[0], "error.type").as_deref(),
        Some("failed")
    );
    assert_eq!(
        attribute(&spans[1], "messaging.batch.message_count").as_deref(),
        Some("3")
    );
}

#[test]
fn a_message_in_a_queue_keeps_no_span_alive() {
    let trace = Trace::new();
    let producer = Producer::new("held").trace();
    let sending = trace.scope().run(|| producer.send("x"));
    let message = Traced::new(sending.context().clone());
    sending.run(|| Ok::<_, ()>(())).unwrap();
    // It has ended, and is exported, although the message still waits.
    assert_eq!(trace.span("send held").span_kind, SpanKind::Producer);
    assert!(message.get_ref().creation().is_some());
}

#[test]
fn a_sending_is_told_once_however_it_ends() {
    let trace = Trace::new();
    let producer = Producer::new("ends").trace();
    let sending = || trace.scope().run(|| producer.send("x"));
    let ok = sending().around(async { Ok::<_, ()>(()) });
    ok.now_or_never().unwrap().unwrap();
    let failed = sending().around(async { Err::<(), _>("broker down") });
    assert!(failed.now_or_never().unwrap().is_err());
    drop(sending());
    let mut dropped = Box::pin(sending().around(std::future::pending::<Result<(), ()>>()));
    assert!(crate::support::poll(&mut dropped).is_pending());
    drop(dropped);
    let ends: Vec<_> = trace
        .spans()
        .iter()
        .map(|span| attribute(span, "error.type"))
        .collect();
    let ends: Vec<_> = ends.iter().map(Option::as_deref).collect();
    assert_eq!(
        ends,
        [None, Some("failed"), Some("abandoned"), Some("cancelled")]
    );
}
