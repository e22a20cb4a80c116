//! The jobs that the kernel knows, in bounded memory.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use super::Job;
use crate::job::JobId;

/// Most count entries kept for all finished jobs together: some 100 MB.
const MAX_ENTRIES: usize = 1_000_000;

/// An id that another job has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdTaken;

impl fmt::Display for IdTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is a job of that id already")
    }
}

impl Error for IdTaken {}

/// Running jobs, and the finished ones that came last.
#[derive(Debug)]
pub struct Table {
    keep_finished: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    jobs: HashMap<JobId, Arc<Job>>,
    /// Oldest first, with the number of their count entries.
    finished: VecDeque<(JobId, usize)>,
    entries: usize,
}

impl Table {
    /// An empty table that keeps so many finished jobs; how many run is for its user to bound.
    #[must_use]
    pub fn new(keep_finished: usize) -> Self {
        Self {
            keep_finished,
            inner: Mutex::default(),
        }
    }

    /// Takes in a job that runs.
    ///
    /// # Errors
    /// If its id is taken; then the job that has it stays.
    pub fn insert(&self, job: Job) -> Result<Arc<Job>, IdTaken> {
        match self.lock().jobs.entry(job.id().clone()) {
            Entry::Occupied(_) => Err(IdTaken),
            Entry::Vacant(place) => Ok(Arc::clone(place.insert(Arc::new(job)))),
        }
    }

    /// The job of that id, if it runs or is among the last that finished.
    #[must_use]
    pub fn get(&self, id: &JobId) -> Option<Arc<Job>> {
        self.lock().jobs.get(id).cloned()
    }

    /// Notes that a job has ended, and lets go of the oldest that did.
    pub fn finished(&self, job: &Job) {
        let entries = job.record().counts.map_or(0, |counts| counts.entries.len());
        let mut inner = self.lock();
        inner.finished.push_back((job.id().clone(), entries));
        inner.entries += entries;
        while self.keep_finished < inner.finished.len() || MAX_ENTRIES < inner.entries {
            let Some((oldest, entries)) = inner.finished.pop_front() else {
                break;
            };
            inner.entries -= entries;
            inner.jobs.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half way through a change.
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
