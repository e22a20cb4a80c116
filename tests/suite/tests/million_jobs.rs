//! A million jobs with ids of their own and types that somebody invents: no series comes of it, and no
//! memory stays behind. In a process of its own, whose memory nothing else moves.
//!
//! `THROUGHLINE_SEED` repeats a run; `THROUGHLINE_MILLION_JOBS` changes its size.

#![cfg(target_os = "linux")]

mod ledger;
mod scale;

use std::{collections::BTreeMap, future::pending, time::Instant};

use futures_util::FutureExt;
use ledger::Ledger;
use opentelemetry::global;
use opentelemetry_sdk::trace::SdkTracerProvider;
use throughline_catalog::{catalog, label};
use throughline_correlation::JobId;
use throughline_job::{
    Delivery, Ending, JobContext, Operation, Outcome, Producer, State, Transitions, Worker,
    presets::{self, plain},
    stage,
};

label! { enum Phase { Provision = "provision", Run = "run", Collect = "collect" } }
label! { enum Status { Queued = "queued", Running = "running", Done = "done" } }

impl State for Status {
    fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Queued, Self::Running) | (Self::Running, Self::Done)
        )
    }
}

catalog! { mod lab, budget 1_000;
    /// Time in a phase.
    histogram lab_phase_duration_seconds { phase: Phase, result: Ending } buckets [1.0];
    /// Transitions of jobs.
    counter lab_transitions_total { from: Status, to: Status };
    /// Writes of a store.
    counter lab_writes_total { result: Ending };
}

/// A message as somebody may write it, over and over in one map.
fn write(message: &mut BTreeMap<String, String>, rng: &mut fastrand::Rng, n: usize) {
    message.clear();
    let context = JobContext::capture().with_id(&JobId::generate());
    context
        .with_attempt(u32::try_from(n % 4).unwrap_or(0))
        .inject(message);
    let invented: String = (0..rng.usize(1..200)).map(|_| rng.alphanumeric()).collect();
    match n % 8 {
        0 => message.insert("x-job-attempt".to_owned(), invented),
        1 => message.insert("x-job-enqueued-at".to_owned(), invented),
        2 => message.insert("x-job-trigger".to_owned(), invented),
        3 => message.insert("traceparent".to_owned(), invented),
        4 => message.insert("x-tenant-id".to_owned(), invented),
        _ => None,
    };
}

/// Works on job `n`, which ends in one of all ways.
fn work(
    worker: &Worker,
    transitions: &Transitions<lab::lab_transitions_total, Status>,
    delivery: Delivery<'_>,
    n: usize,
) {
    const WRITE: fn(Ending) -> (Ending,) = |ending| (ending,);
    let job = worker.start(delivery);
    let id = job
        .scope()
        .ids()
        .get::<JobId>()
        .unwrap_or_else(JobId::generate);
    let _ = transitions.apply(&id, Status::Queued, Status::Running);
    let _ = transitions.apply(&id, Status::Queued, Status::Done);
    let phases = async {
        for phase in Phase::ALL {
            stage(lab::lab_phase_duration_seconds, *phase, async {
                let write = Operation::new("put", "results").total(lab::lab_writes_total, WRITE);
                write.call(|| if n.is_multiple_of(3) { Err(()) } else { Ok(()) })
            })
            .await?;
        }
        Ok::<_, ()>(())
    };
    match n % 5 {
        0 => {
            // And its worker is gone.
            let mut never = Box::pin(job.run(async {
                let _ = phases.await;
                pending::<Result<(), ()>>().await
            }));
            assert!((&mut never).now_or_never().is_none());
        }
        1 => drop(job.work(phases).now_or_never()),
        _ => match job.work(phases).now_or_never() {
            Some(Ok(())) => job.end(Outcome::Ok),
            _ if job.is_final() => job.end(Outcome::DeadLetter),
            _ => job.end(Outcome::Retry),
        },
    }
}

#[test]
fn b4_a_million_jobs_leave_no_series_and_no_memory() {
    let jobs = scale::count("THROUGHLINE_MILLION_JOBS", 1_000_000);
    assert!(10_000 < jobs, "too few to compare with");
    let mut rng = fastrand::Rng::with_seed(scale::seed());
    let ledger = Ledger::default();
    metrics::set_global_recorder(ledger.clone()).expect("this process has no other");
    // Spans are made and recorded, and go nowhere.
    global::set_tracer_provider(SdkTracerProvider::builder().build());

    let worker = presets::worker("benches").max_attempts(3).trace();
    let worker = worker.lease_age(plain::job_lease_age_seconds);
    let producer = Producer::new("benches").trace();
    let transitions = Transitions::new(lab::lab_transitions_total, 16);
    let mut events = transitions.follow();
    let mut message = BTreeMap::new();
    let mut job_type = String::new();
    let started = Instant::now();
    let (mut series, mut memory) = (0, 0);
    for n in 0..jobs {
        if n == 10_000 {
            (series, memory) = (ledger.series(), scale::resident());
        }
        write(&mut message, &mut rng, n);
        let context = JobContext::extract(&message);
        let sending = producer.send_with("bench", context);
        let context = sending.context().clone();
        assert!(sending.run(|| Ok::<_, ()>(())).is_ok());
        // The type of a job is anybody's text, and none comes twice.
        job_type.clear();
        job_type.extend((0..rng.usize(8..150)).map(|_| rng.char('\u{1}'..'\u{2ff}')));
        work(&worker, &transitions, Delivery::new(&job_type, context), n);
        if n % 1_000 == 0 {
            worker.observe();
            while let Some(Some(_)) = events.next().now_or_never() {}
        }
    }
    let took = started.elapsed();
    let grown = scale::resident().saturating_sub(memory);
    println!(
        "{jobs} jobs in {took:.1?}: {series} series after 10000 and {} after all; {} kB resident after \
         10000, and {} kB more after all",
        ledger.series(),
        memory / 1024,
        grown / 1024,
    );
    assert!(0 < series);
    assert_eq!(ledger.series(), series);
    assert!(grown <= 2 << 20, "{grown} bytes more");

    let counted = ledger.counters("jobs_total");
    assert_eq!(counted.values().sum::<u64>(), jobs as u64, "{counted:?}");
    let sampled = ledger.samples("job_duration_seconds");
    assert_eq!(sampled.values().sum::<u64>(), jobs as u64);
    let in_flight = ledger.gauges("jobs_in_flight");
    assert!(
        in_flight.values().all(|level| *level == 0.0),
        "{in_flight:?}"
    );
    let transitions = ledger.counters("lab_transitions_total");
    assert_eq!(transitions.values().sum::<u64>(), jobs as u64);
}
