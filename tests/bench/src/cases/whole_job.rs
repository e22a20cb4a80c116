//! A job from its start to its end, with three stages in it.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use apalis::layers::prometheus::PrometheusLayer;
use apalis::layers::tracing::TraceLayer;
use apalis::prelude::{BoxDynError, Task, TaskBuilder, TaskId, WorkerContext};
use throughline_catalog::catalog;
use throughline_context::Scope;
use throughline_correlation::JobId;
use throughline_job::{Attempt, Delivery, JobContext, JobType, Outcome, Queue, Worker, stage};
use tower::{Layer, Service};
use tracing::Instrument;

use super::job::{Stage, families};
use super::record::empty;
use super::{Bar, Cpu, Group, OPERATIONS, REQUESTS, base, floor, group, ours, peer};
use crate::telemetry as t;
use crate::workload::{Settle, Workload, both, drive, op};

catalog! { pub mod jobs, budget 1_500_000;
    /// Attempts that ended.
    counter bench_jobs_total { queue: Queue, job_type: JobType, attempt: Attempt, outcome: Outcome };
    /// Time of an attempt.
    histogram bench_job_duration_seconds { queue: Queue, job_type: JobType, outcome: Outcome }
        buckets [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
    /// Time that it waited.
    histogram bench_job_delay_seconds { queue: Queue }
        buckets [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
    /// Jobs being worked on.
    gauge bench_jobs_in_flight { queue: Queue };
}

pub(super) fn group_of_jobs() -> Group {
    let cases = vec![
        base("job/empty", "an empty loop", empty),
        floor(
            "job/floor",
            "floor: a counter, a gauge and five histograms kept by hand, and their clocks; \
            exporter-prometheus",
            by_hand,
        ),
        ours(
            "job/throughline",
            "throughline `Worker`: jobs_total{queue,job_type,attempt,outcome}, duration, queue \
            delay, in flight, and three stages; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                ours_with(metered(), settle)
            },
        )
        .bar(Bar {
            // None of ours: the exporter takes a block for so many samples.
            allocations: Some(0.1),
            instructions: None,
            cpu: Some(Cpu::Floor(2.0)),
        }),
        ours(
            "job/throughline-span",
            "throughline `Worker`: the same, and four recorded spans with a link; \
            exporter-prometheus",
            || {
                let (_, spans) = t::tracer_provider(true);
                ours_with(traced(), both(t::prometheus_recorder(), spans))
            },
        )
        .batch(REQUESTS),
        ours(
            "job/throughline-unsampled",
            "throughline `Worker`: the same, the span not recorded; exporter-prometheus",
            || {
                let (_, spans) = t::tracer_provider(false);
                ours_with(traced(), both(t::prometheus_recorder(), spans))
            },
        ),
        peer(
            "job/apalis",
            "apalis `PrometheusLayer`: total and duration {worker,queue,status}; three stages \
            by `metrics` macros; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                let layer = PrometheusLayer::default();
                Tasks::boxed(layer.layer(tower::service_fn(stages_by_macros)), settle)
            },
        ),
        peer(
            "job/apalis-span",
            "apalis `PrometheusLayer` and `TraceLayer`, three `tracing` spans inside; \
            tracing-opentelemetry; exporter-prometheus",
            || {
                let spans = t::bridge(true);
                let layers = (TraceLayer::new(), PrometheusLayer::default());
                let service = layers.1.layer(tower::service_fn(stages_by_spans));
                Tasks::boxed(
                    layers.0.layer(service),
                    both(t::prometheus_recorder(), spans),
                )
            },
        )
        .batch(REQUESTS),
    ];
    group("job", "A job with three stages", "job", OPERATIONS, cases)
}

fn metered() -> Worker {
    Worker::new("bench")
        .system("bench")
        .total(jobs::bench_jobs_total)
        .duration(jobs::bench_job_duration_seconds)
        .queue_delay(jobs::bench_job_delay_seconds)
        .in_flight(jobs::bench_jobs_in_flight)
}

pub(super) fn traced() -> Worker {
    metered().trace()
}

pub(super) fn delivery() -> Delivery<'static> {
    Delivery::new("bench", JobContext::of(Scope::default()))
}

fn ours_with(worker: Worker, settle: Settle) -> Box<dyn Workload> {
    let context = JobContext::of(Scope::default()).with_id(&JobId::generate());
    let one = move || {
        let delivery = Delivery::new(black_box("bench"), context.clone());
        let work = worker.run(delivery, async {
            for which in Stage::ALL {
                let family = families::bench_stage_duration_seconds;
                stage(family, *which, async {
                    black_box(());
                    Ok::<_, Infallible>(())
                })
                .await?;
            }
            Ok::<_, Infallible>(())
        });
        black_box(drive(work)).expect("it cannot fail");
    };
    op(one, settle)
}

fn by_hand() -> Box<dyn Workload> {
    let settle = t::prometheus_recorder();
    let total = metrics::counter!("bench_jobs_total", "queue" => "bench", "outcome" => "ok");
    let in_flight = metrics::gauge!("bench_jobs_in_flight", "queue" => "bench");
    let delay = metrics::histogram!("bench_job_delay_seconds", "queue" => "bench");
    let duration = metrics::histogram!("bench_job_duration_seconds", "queue" => "bench");
    let stages = Stage::ALL
        .iter()
        .map(|which| metrics::histogram!("bench_stage_duration_seconds", "stage" => which.as_str()))
        .collect::<Vec<_>>();
    let one = move || {
        let began = std::time::SystemTime::now();
        let started = Instant::now();
        in_flight.increment(1.0);
        delay.record(began.elapsed().unwrap_or_default());
        for stage in &stages {
            let started = Instant::now();
            drive(async { black_box(()) });
            stage.record(started.elapsed());
        }
        duration.record(started.elapsed());
        total.increment(1);
        in_flight.decrement(1.0);
    };
    op(one, settle)
}

async fn stages_by_macros(_: Task<()>) -> Result<(), BoxDynError> {
    for which in Stage::ALL {
        let started = Instant::now();
        black_box(());
        let took = started.elapsed();
        metrics::histogram!("bench_stage_duration_seconds", "stage" => which.as_str()).record(took);
    }
    Ok(())
}

async fn stages_by_spans(task: Task<()>) -> Result<(), BoxDynError> {
    for which in Stage::ALL {
        async { black_box(()) }
            .instrument(tracing::info_span!("stage", stage = which.as_str()))
            .await;
    }
    stages_by_macros(task).await
}

/// An apalis service fed with ready-made tasks.
struct Tasks<S> {
    service: S,
    worker: WorkerContext,
    inputs: Vec<Task<()>>,
    settle: Settle,
}

impl<S> Tasks<S>
where
    S: Service<Task<()>, Response = (), Error = BoxDynError> + Clone + Send + 'static,
{
    fn boxed(service: S, settle: Settle) -> Box<dyn Workload> {
        Box::new(Self {
            service,
            worker: WorkerContext::new("bench"),
            inputs: Vec::new(),
            settle,
        })
    }
}

impl<S> Workload for Tasks<S>
where
    S: Service<Task<()>, Response = (), Error = BoxDynError> + Clone + Send + 'static,
{
    fn prepare(&mut self, n: usize) {
        let make = |id| {
            let task = TaskBuilder::new(()).task_id(TaskId::from_int(id));
            task.data(self.worker.clone()).build()
        };
        self.inputs.extend((0..n as u64).map(make));
    }

    fn run(&mut self) {
        for task in self.inputs.drain(..) {
            drive(std::future::poll_fn(|cx| self.service.poll_ready(cx))).expect("it is ready");
            drive(self.service.call(task)).expect("the work does not fail");
        }
    }

    fn settle(&self) {
        (self.settle)();
    }

    fn fork(&self) -> Box<dyn Workload + Send> {
        unreachable!("no row of apalis is measured on two threads")
    }
}
