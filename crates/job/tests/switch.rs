//! The run-time switch belongs to the process, so it has one of its own here.
#![allow(clippy::unwrap_used)]

use std::future::ready;

use futures_util::FutureExt;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use opentelemetry::{
    Context, global,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use throughline_catalog::{catalog, label};
use throughline_context::{Concern, Scope, Switch};
use throughline_correlation::{Ids, JobId};
use throughline_job::{
    Delivery, JobContext, Outcome, Producer, State, Transitions, Worker, job, operation, stage,
};

label! { enum Stage { Compile = "compile" } }
label! { enum Store { Users = "users" } }
label! { enum Op { Get = "get" } }
label! { enum Phase { Running = "running", Done = "done" } }

impl State for Phase {
    fn may_become(self, next: Self) -> bool {
        (self, next) == (Self::Running, Self::Done)
    }
}

catalog! { mod test, budget 100;
    /// Attempts that ended.
    counter test_jobs_total { outcome: Outcome };
    /// Jobs being worked on.
    gauge test_in_flight {};
    /// Time in a stage.
    histogram test_stage_duration_seconds { stage: Stage } buckets [1.0];
    /// Requests to a store.
    counter test_store_requests_total { store: Store, op: Op, success: bool };
    /// Time of a request to a store.
    histogram test_store_duration_seconds { store: Store, op: Op } buckets [1.0];
    /// State transitions.
    counter test_transitions_total { from: Phase, to: Phase };
}

/// A message sent and worked on with all that there is; how many series and spans it left. Trace and
/// ids have to be there whatever the switch says.
fn all_of_it(spans: &InMemorySpanExporter) -> (usize, usize) {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _here = metrics::set_default_local_recorder(&recorder);
    spans.reset();

    let trace = TraceId::from(7_u128);
    let parent = SpanContext::new(
        trace,
        SpanId::from(1_u64),
        TraceFlags::SAMPLED,
        true,
        Default::default(),
    );
    let id = JobId::parse("j-1").unwrap();
    let scope = Scope::new(
        Context::new().with_remote_span_context(parent),
        Ids::empty(),
    );
    let producer = Producer::new("q").total(test::test_jobs_total).trace();
    let worker = Worker::new("q")
        .total(test::test_jobs_total)
        .in_flight(test::test_in_flight)
        .trace();
    let sending = scope.run(|| producer.send_with("x", JobContext::capture().with_id(&id)));
    let message = sending.context().clone();
    sending.run(|| Ok::<_, ()>(())).unwrap();

    let seen = || {
        let in_trace = Context::map_current(|cx| cx.span().span_context().trace_id() == trace);
        assert!(in_trace);
        assert_eq!(Ids::current_id::<JobId>().unwrap(), id);
    };
    let store = (
        test::test_store_requests_total,
        test::test_store_duration_seconds,
    );
    let work = worker.run(Delivery::new("x", message.clone()), async {
        job("inner", &id, async {
            seen();
            stage(test::test_stage_duration_seconds, Stage::Compile, async {
                seen();
                operation(store, (Store::Users, Op::Get), ready(Ok::<_, ()>(()))).await
            })
            .await
        })
        .await
    });
    work.now_or_never().unwrap().unwrap();

    // What transitions guard and tell is no instrumentation.
    let transitions = Transitions::new(test::test_transitions_total, 2);
    let mut events = transitions.follow();
    assert!(transitions.apply(&id, Phase::Done, Phase::Running).is_err());
    transitions.apply(&id, Phase::Running, Phase::Done).unwrap();
    assert_eq!(
        events.next().now_or_never().unwrap().unwrap().unwrap().to,
        Phase::Done
    );

    let nonzero = snapshotter.snapshot().into_vec().len();
    (nonzero, spans.get_finished_spans().unwrap().len())
}

#[test]
fn w11_each_concern_is_switched_off_and_the_trace_goes_on() {
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    global::set_tracer_provider(provider);
    let switch = Switch::global();
    // Two totals in one series, in flight, stage, store twice, transition, and the refused one.
    const ALL: (usize, usize) = (7, 5);
    assert_eq!(all_of_it(&spans), ALL);
    switch.set(Concern::Jobs, false);
    assert_eq!(all_of_it(&spans), (0, 0));
    switch.set(Concern::Jobs, true);
    switch.set(Concern::Spans, false);
    assert_eq!(all_of_it(&spans), (7, 0));
    switch.set(Concern::Spans, true);
    switch.set(Concern::Metrics, false);
    assert_eq!(all_of_it(&spans), (0, 5));
    switch.set(Concern::Metrics, true);
    assert_eq!(all_of_it(&spans), ALL);

    // What began while it was on ends as if it still were.
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _here = metrics::set_default_local_recorder(&recorder);
    let worker = Worker::new("q").in_flight(test::test_in_flight);
    let context = JobContext::capture();
    let begun = worker.start(Delivery::new("x", context.clone()));
    switch.set_all(false);
    begun.end(Outcome::Ok);
    let (_, _, _, value) = snapshotter.snapshot().into_vec().remove(0);
    assert_eq!(value, DebugValue::Gauge(0.0.into()));
    switch.set_all(true);
}
