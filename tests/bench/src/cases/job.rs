//! Stages, transitions, and whole jobs.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use throughline_catalog::{catalog, label};
use throughline_correlation::JobId;
use throughline_job::{State, Transitions, stage, transition};

use super::record::empty;
use super::{Bar, Cpu, Group, OPERATIONS, REQUESTS, base, floor, group, ours, whole_job};
use crate::telemetry as t;
use crate::workload::{Workload, both, drive, op};

label! { pub enum Stage { Validate = "validate", Compile = "compile", Execute = "execute" } }
label! { pub enum Phase { Submitted = "submitted", Running = "running", Done = "done" } }

impl State for Phase {
    fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Submitted, Self::Running) | (Self::Running, Self::Done)
        )
    }
}

catalog! { pub mod families, budget 100;
    /// Time in a stage.
    histogram bench_stage_duration_seconds { stage: Stage }
        buckets [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
    /// State transitions of jobs.
    counter bench_job_state_transitions_total { from: Phase, to: Phase };
}

const fn no_allocation(ns: f64) -> Bar {
    Bar {
        allocations: Some(0.0),
        instructions: None,
        cpu: Some(Cpu::Ns(ns)),
    }
}

pub(super) fn groups() -> Vec<Group> {
    let stages = vec![
        base("stage/empty", "an empty loop", empty),
        floor(
            "stage/floor",
            "floor: two clock reads and one `metrics` histogram kept by hand; \
            exporter-prometheus",
            floor_of_stage,
        ),
        ours(
            "stage/throughline",
            "throughline `stage`: duration{stage}, scope; in no trace; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                op(one_stage, settle)
            },
        )
        .bar(no_allocation(120.0)),
        ours(
            "stage/throughline-span",
            "throughline `stage`: duration{stage}, scope, recorded span in a job's; \
            exporter-prometheus",
            || {
                let (_, spans) = t::tracer_provider(true);
                let settle = both(t::prometheus_recorder(), spans);
                let job = whole_job::traced().start(whole_job::delivery());
                let scope = job.scope().clone();
                // It lasts as long as the process.
                std::mem::forget(job);
                op(move || scope.run(one_stage), settle)
            },
        )
        .batch(REQUESTS),
    ];
    let mut groups = vec![whole_job::group_of_jobs()];
    let transitions = vec![
        base("transition/empty", "an empty loop", empty),
        floor(
            "transition/floor",
            "floor: one `metrics` counter kept by hand; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                let counter = metrics::counter!(
                    "bench_job_state_transitions_total",
                    "from" => "submitted", "to" => "running"
                );
                op(move || counter.increment(1), settle)
            },
        ),
        ours(
            "transition/throughline",
            "throughline `transition`: checked, transitions_total{from,to}; \
            exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                let one = || {
                    let (from, to) = black_box((Phase::Submitted, Phase::Running));
                    let made = transition(families::bench_job_state_transitions_total, from, to);
                    made.expect("it is allowed");
                };
                op(one, settle)
            },
        )
        .bar(no_allocation(40.0)),
        ours(
            "transition/throughline-events",
            "throughline `Transitions::apply`: the same, and an event that nobody \
            follows",
            || {
                let settle = t::prometheus_recorder();
                let transitions = Transitions::new(families::bench_job_state_transitions_total, 64);
                let job = JobId::generate();
                let one = move || {
                    let (from, to) = black_box((Phase::Submitted, Phase::Running));
                    black_box(transitions.apply(&job, from, to).expect("it is allowed"));
                };
                op(one, settle)
            },
        ),
    ];
    groups.extend([
        group("stage", "A stage of a job", "stage", OPERATIONS, stages),
        group(
            "transition",
            "A state transition",
            "transition",
            OPERATIONS,
            transitions,
        ),
    ]);
    groups
}

pub(super) fn one_stage() {
    let stage_of = black_box(Stage::Compile);
    let work = async { Ok::<_, Infallible>(black_box(1)) };
    let done = drive(stage(
        families::bench_stage_duration_seconds,
        stage_of,
        work,
    ));
    black_box(done).expect("it cannot fail");
}

fn floor_of_stage() -> Box<dyn Workload> {
    let settle = t::prometheus_recorder();
    let duration = metrics::histogram!("bench_stage_duration_seconds", "stage" => "compile");
    let one = move || {
        let started = Instant::now();
        black_box(drive(async { black_box(1) }));
        duration.record(started.elapsed());
    };
    op(one, settle)
}
