//! What the helpers allocate in steady state, with the recorder of the process.

#![allow(clippy::unwrap_used)]

use std::future::ready;

use allocation_counter::measure;
use futures_util::FutureExt;
use opentelemetry::{
    Context, global,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId},
};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use throughline_catalog::{catalog, label};
use throughline_context::Scope;
use throughline_correlation::{Ids, JobId};
use throughline_job::{
    Active, Attempt, ControlLoop, Delivery, Ending, JobContext, JobType, Operation, Outcome, Queue,
    State, Transitions, Worker, operation, stage, transition,
};

label! { enum Stage { Fetch = "fetch", Render = "render", Store = "store" } }
label! { enum Status { Running = "running", Done = "done" } }
label! { enum Driver { Local = "local" } }
label! { enum Op { Get = "get" } }

impl State for Status {
    fn may_become(self, next: Self) -> bool {
        (self, next) == (Self::Running, Self::Done)
    }
}

catalog! { mod lean, budget 200_000;
    /// Attempts that ended.
    counter lean_jobs_total { queue: Queue, job_type: JobType, outcome: Outcome };
    /// Attempts that began.
    counter lean_started_total { attempt: Attempt };
    /// Jobs being worked on.
    gauge lean_in_flight { queue: Queue };
    /// Time that the worker was at work.
    gauge lean_busy_percent {};
    /// Time since a lease was renewed.
    gauge lean_lease_age_seconds {};
    /// Transitions.
    counter lean_transitions_total { from: Status, to: Status };
    /// How many are in each state.
    gauge lean_states { state: Status };
    /// Writes.
    counter lean_writes_total { result: Ending };
}

catalog! { mod timed, budget 100;
    /// Time in a stage.
    histogram timed_stage_seconds { stage: Stage } buckets [1.0];
    /// Requests to a driver.
    counter timed_driver_requests_total { driver: Driver, op: Op, success: bool };
    /// Time of a request to a driver.
    histogram timed_driver_request_seconds { driver: Driver, op: Op } buckets [1.0];
}

/// Allocations of the second time and all later ones.
fn steady(mut work: impl FnMut()) -> u64 {
    work();
    measure(|| (0..100).for_each(|_| work())).count_total
}

/// A recorder that keeps no sample. Of some size, so that it has an address of its own.
#[derive(Debug)]
struct Forgetful(#[allow(dead_code, reason = "it is there for its size")] u8);

impl metrics::Recorder for Forgetful {
    fn describe_counter(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn describe_gauge(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn describe_histogram(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn register_counter(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::from_arc(std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0)))
    }
    fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        metrics::Gauge::from_arc(std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0)))
    }
    fn register_histogram(
        &self,
        _: &metrics::Key,
        _: &metrics::Metadata<'_>,
    ) -> metrics::Histogram {
        metrics::Histogram::from_arc(std::sync::Arc::new(Sum::default()))
    }
}

#[derive(Default)]
struct Sum(std::sync::atomic::AtomicU64);

impl metrics::HistogramFn for Sum {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

async fn three_stages() -> Result<(), ()> {
    for which in Stage::ALL {
        stage(timed::timed_stage_seconds, *which, ready(Ok::<_, ()>(()))).await?;
    }
    Ok(())
}

#[test]
fn metrics_allocate_nothing() {
    metrics::set_global_recorder(Forgetful(0)).unwrap();
    let id = JobId::generate();
    let ids = Ids::empty().with(&id);
    let _in = ids.enter();

    let one = || {
        stage(
            timed::timed_stage_seconds,
            Stage::Render,
            ready(Ok::<_, ()>(())),
        )
    };
    assert_eq!(
        steady(|| one().now_or_never().unwrap().unwrap()),
        0,
        "a stage"
    );

    let family = lean::lean_transitions_total;
    let made = || transition(family, Status::Running, Status::Done).unwrap();
    assert_eq!(steady(made), 0, "a transition");
    let refused = || assert!(transition(family, Status::Done, Status::Running).is_err());
    assert_eq!(steady(refused), 0, "a transition that is refused");
    let told = Transitions::new(family, 16).population(lean::lean_states);
    let made = || drop(told.apply(&id, Status::Running, Status::Done).unwrap());
    assert_eq!(steady(made), 0, "a transition that nobody follows");
    let events = told.follow();
    assert_eq!(steady(made), 0, "a transition that is followed");
    drop(events);

    let driver = (
        timed::timed_driver_requests_total,
        timed::timed_driver_request_seconds,
    );
    let get = || operation(driver, (Driver::Local, Op::Get), ready(Ok::<_, ()>(())));
    assert_eq!(
        steady(|| get().now_or_never().unwrap().unwrap()),
        0,
        "an operation"
    );
    let put = Operation::new("put", "x").total(lean::lean_writes_total, |ending| (ending,));
    assert_eq!(
        steady(|| put.call(|| Ok::<_, ()>(())).unwrap()),
        0,
        "a call"
    );
    let reconcile = ControlLoop::new("x").total(lean::lean_writes_total, |ending| (ending,));
    let turn = || {
        reconcile
            .turn(ready(Ok::<_, ()>(())))
            .now_or_never()
            .unwrap()
            .unwrap()
    };
    assert_eq!(steady(turn), 0, "a turn");
    assert_eq!(
        steady(|| drop(Active::new(lean::lean_lease_age_seconds, ()))),
        0
    );

    let worker = Worker::new("lean")
        .total(lean::lean_jobs_total)
        .started(lean::lean_started_total)
        .in_flight(lean::lean_in_flight)
        .busy_time(lean::lean_busy_percent, 4)
        .lease_age(lean::lean_lease_age_seconds);
    let context = JobContext::of(Scope::default()).with_id(&id);
    let job = || {
        let work = worker.run(Delivery::new("render", context.clone()), three_stages());
        work.now_or_never().unwrap().unwrap();
        worker.observe();
    };
    assert_eq!(steady(job), 0, "a job with three stages");

    // A trace that is not recorded: no name is made, and no stage has a span.
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOff)
        .build();
    global::set_tracer_provider(provider);
    let parent = SpanContext::new(
        TraceId::from(7_u128),
        SpanId::from(1_u64),
        TraceFlags::NOT_SAMPLED,
        true,
        Default::default(),
    );
    let unsampled = Context::new().with_remote_span_context(parent);
    let context = JobContext::of(Scope::new(unsampled, Ids::empty())).with_id(&id);
    let traced = worker.clone().trace();
    let job = |stages: bool| {
        let (traced, context) = (&traced, &context);
        move || {
            let delivery = Delivery::new("render", context.clone());
            let result = if stages {
                traced.run(delivery, three_stages()).now_or_never()
            } else {
                traced.run(delivery, ready(Ok::<_, ()>(()))).now_or_never()
            };
            result.unwrap().unwrap();
        }
    };
    let (without, with) = (steady(job(false)), steady(job(true)));
    assert_eq!(with, without, "the stages of a job that is not recorded");
    // Its span's attributes, its link and the span in its context.
    assert!(without <= 100 * 8, "{without} for 100 jobs");
}
