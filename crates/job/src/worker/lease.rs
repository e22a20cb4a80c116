//! The leases of the jobs that a worker holds.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use crate::{families::throughline, since::Origin};

/// As many as are looked through at each observation, and no more.
const PLACES: usize = 1_024;

/// When each job in flight last renewed its lease.
#[derive(Debug)]
pub(super) struct Leases {
    origin: Origin,
    /// Nanoseconds since `origin`, and one; 0 where a place is free.
    renewed: Box<[AtomicU64]>,
    next: AtomicUsize,
}

impl Leases {
    pub(super) fn new() -> Self {
        Self {
            origin: Origin::now(),
            renewed: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Takes a place for a lease that begins; none, and counted, if all are taken.
    pub(super) fn take(&self) -> Option<usize> {
        let now = self.now();
        let from = self.next.fetch_add(1, Ordering::Relaxed);
        for offset in 0..PLACES {
            let place = from.wrapping_add(offset) % PLACES;
            let free = &self.renewed[place];
            let taken = free.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            if taken.is_ok() {
                return Some(place);
            }
        }
        throughline::throughline_job_leases_untracked_total
            .with(())
            .increment(1);
        None
    }

    pub(super) fn renew(&self, place: usize) {
        self.renewed[place].store(self.now(), Ordering::Relaxed);
    }

    pub(super) fn give_back(&self, place: usize) {
        self.renewed[place].store(0, Ordering::Relaxed);
    }

    /// The age of the lease that was not renewed for longest; none if there are no leases.
    pub(super) fn oldest(&self) -> Duration {
        let now = self.now();
        let renewed = self.renewed.iter().map(|at| at.load(Ordering::Relaxed));
        let oldest = renewed.filter(|at| *at != 0).min();
        Duration::from_nanos(oldest.map_or(0, |at| now.saturating_sub(at)))
    }

    fn now(&self) -> u64 {
        self.origin.nanos().saturating_add(1)
    }
}
