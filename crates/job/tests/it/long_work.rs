//! Work that takes half an hour, by a clock that tests can pause.

use std::time::{Duration, SystemTime};

use throughline_correlation::JobId;
use throughline_job::{Delivery, JobContext, JobUpdate, Outcome, Worker, stage};

use crate::support::{Recorded, Stage, Trace, test::test_stage_duration_seconds as FAMILY};

const TEN_MINUTES: Duration = Duration::from_secs(600);

fn between(from: SystemTime, to: SystemTime) -> Duration {
    to.duration_since(from).unwrap()
}

#[tokio::test(start_paused = true)]
async fn w3_a_job_of_half_an_hour_keeps_its_true_timeline() {
    let trace = Trace::new();
    let context = trace.scope().run(JobContext::capture);
    let worker = Worker::new("long").trace();
    let job = worker.start(Delivery::new("report", context));
    let work = job.work(async {
        for (at, which) in [Stage::Compile, Stage::Execute].into_iter().enumerate() {
            stage(FAMILY, which, async {
                tokio::time::sleep(TEN_MINUTES).await;
                job.progress(at as u64 + 1, 2);
                Ok::<_, ()>(())
            })
            .await
            .unwrap();
            // Idle between the stages.
            tokio::time::sleep(TEN_MINUTES / 2).await;
        }
    });
    work.await;
    job.end(Outcome::Ok);

    let process = trace.span("process long");
    let (compile, execute) = (trace.span("stage compile"), trace.span("stage execute"));
    assert_eq!(
        between(process.start_time, process.end_time),
        3 * TEN_MINUTES
    );
    assert_eq!(compile.start_time, process.start_time);
    assert_eq!(between(compile.start_time, compile.end_time), TEN_MINUTES);
    assert_eq!(
        between(compile.end_time, execute.start_time),
        TEN_MINUTES / 2
    );
    assert_eq!(between(execute.end_time, process.end_time), TEN_MINUTES / 2);
    let events: Vec<_> = process.events.iter().map(|event| event.timestamp).collect();
    assert_eq!(events, [compile.end_time, execute.end_time]);
}

#[tokio::test(start_paused = true)]
async fn w3_progress_is_told_once_for_each_percent() {
    let trace = Trace::new();
    let id = JobId::parse("j-9").unwrap();
    let context = trace
        .scope()
        .run(JobContext::capture)
        .with_id(&id)
        .with_attempt(2);
    let worker = Worker::new("progress")
        .relation(throughline_job::Relation::Parent)
        .events(256)
        .trace();
    let mut events = worker.follow().unwrap();
    let job = worker.start(Delivery::new("x", context));
    for done in 0..=1_000_000 {
        job.progress(done, 1_000_000);
    }
    // Back again, and beyond the end: no news.
    job.progress(3, 1_000_000);
    job.progress(2_000_000, 1_000_000);
    job.end(Outcome::Ok);
    assert_eq!(trace.span("process progress").events.len(), 101);

    let mut told = Vec::new();
    while let Some(Some(event)) = futures_util::FutureExt::now_or_never(events.next()) {
        let event = event.unwrap();
        assert_eq!((event.job.as_ref(), event.attempt), (Some(&id), 2));
        told.push(event.what);
    }
    assert_eq!(told.len(), 103);
    assert_eq!(told[0], JobUpdate::Started);
    assert_eq!(
        told[2],
        JobUpdate::Progress {
            done: 10_000,
            total: 1_000_000
        }
    );
    assert_eq!(told[102], JobUpdate::Ended(Outcome::Ok));
}

#[tokio::test(start_paused = true)]
async fn progress_of_nothing_is_all_of_it() {
    let worker = Worker::new("nothing").events(4);
    let mut events = worker.follow().unwrap();
    let job = worker.start(Delivery::new("x", JobContext::of(Default::default())));
    job.progress(0, 0);
    job.progress(u64::MAX, u64::MAX);
    assert_eq!(
        events.next().await.unwrap().unwrap().what,
        JobUpdate::Started
    );
    assert_eq!(
        events.next().await.unwrap().unwrap().what,
        JobUpdate::Progress { done: 0, total: 0 }
    );
    drop(job);
    let end = loop {
        if let JobUpdate::Ended(outcome) = events.next().await.unwrap().unwrap().what {
            break outcome;
        }
    };
    assert_eq!(end, Outcome::Abandoned);
    assert!(Worker::new("silent").follow().is_none());
}

#[tokio::test(start_paused = true)]
async fn b4_a_slow_reader_of_a_workers_events_learns_how_many_it_missed() {
    let recorded = Recorded::new();
    let _here = recorded.here();
    let worker = Worker::new("slow").events(4);
    let mut events = worker.follow().unwrap();
    for _ in 0..10 {
        worker
            .start(Delivery::new("x", JobContext::of(Default::default())))
            .end(Outcome::Ok);
    }
    assert_eq!(events.next().await.unwrap().unwrap_err(), 16);
    assert_eq!(recorded.value("throughline_job_events_missed_total"), 16.0);
}
