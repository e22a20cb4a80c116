//! The job table keeps its bounds.

use job_kernel::{
    driver_manager::FaultMode,
    job::{JobId, JobSpec, SpecError},
    kernel::{IdTaken, Job, Stage, State, Table},
    rpc,
};

fn finish(table: &Table, entries: usize) -> JobId {
    let id = JobId::generate();
    let job = table.insert(Job::new(id.clone())).unwrap();
    let entry = rpc::Count {
        bits: "0".to_owned(),
        count: 1,
    };
    let counts = rpc::Counts {
        entries: vec![entry; entries],
    };
    job.transition(State::Failed, Stage::Compile, |record| {
        record.counts = Some(counts)
    })
    .unwrap();
    table.finished(&job);
    id
}

#[test]
fn the_oldest_finished_jobs_go_first_and_running_ones_never() {
    let table = Table::new(3);
    let running = table.insert(Job::new(JobId::generate())).unwrap();
    let ids: Vec<JobId> = (0..5).map(|_| finish(&table, 1)).collect();
    let kept: Vec<bool> = ids.iter().map(|id| table.get(id).is_some()).collect();
    assert_eq!(kept, [false, false, true, true, true]);
    assert!(table.get(running.id()).is_some());
}

#[test]
fn large_results_go_sooner() {
    let table = Table::new(1000);
    let ids: Vec<JobId> = (0..4).map(|_| finish(&table, 400_000)).collect();
    let kept: Vec<bool> = ids.iter().map(|id| table.get(id).is_some()).collect();
    assert_eq!(kept, [false, false, true, true]);
}

#[test]
fn an_id_is_taken_once() {
    let table = Table::new(1);
    let id = JobId::generate();
    table.insert(Job::new(id.clone())).unwrap();
    assert_eq!(table.insert(Job::new(id)).unwrap_err(), IdTaken);
}

#[test]
fn ids() {
    let ids: Vec<JobId> = (0..1000).map(|_| JobId::generate()).collect();
    let id = ids[0].as_str();
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
    assert_eq!(id.as_bytes()[14], b'7', "{id}: the version");
    assert!(
        matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'),
        "{id}: the variant"
    );
    let times: Vec<&str> = ids.iter().map(|id| &id.as_str()[..13]).collect();
    assert!(times.is_sorted(), "ids sort by time");
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    assert_eq!(JobId::parse(id).as_ref(), Ok(&ids[0]));
    for bad in ["", "a b", "a\n", "../x", "\u{e9}", &"a".repeat(129)] {
        assert!(JobId::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn settings() {
    #[track_caller]
    fn check(driver: &str, shots: u64, mode: Option<FaultMode>, refused: Option<SpecError>) {
        assert_eq!(
            JobSpec::new(driver, shots, None, mode).err(),
            refused,
            "{driver} {shots} {mode:?}"
        );
    }
    check("statevector", 1, None, None);
    check("statevector", 100_000, None, None);
    check("faulty", 10, Some(FaultMode::Stall), None);
    check("statevector", 0, None, Some(SpecError::ShotsOutOfRange));
    check(
        "statevector",
        100_001,
        None,
        Some(SpecError::ShotsOutOfRange),
    );
    check(
        "statevector",
        u64::MAX,
        None,
        Some(SpecError::ShotsOutOfRange),
    );
    check("Statevector", 1, None, Some(SpecError::UnknownDriver));
    check("", 1, None, Some(SpecError::UnknownDriver));
    check(
        "statevector",
        1,
        Some(FaultMode::Fail),
        Some(SpecError::BadOption),
    );
}
