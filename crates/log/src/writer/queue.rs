//! What the callers and the worker share.

use std::{
    fmt,
    sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use super::{
    chunk::{Chunk, PerLevel},
    guard::FlushReport,
    state::{KEPT, State, Worker},
};
use crate::families::{Level, Reason};

/// How long the worker waits for company for a line.
const LINGER: Duration = Duration::from_millis(1);
/// How long the worker waits before it tries an output again that is busy.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) type Notice = Box<dyn Fn(&PerLevel, &mut Vec<u8>) + Send + Sync>;

pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the worker.
    work: Condvar,
    /// Wakes those who wait for the worker.
    progress: Condvar,
    capacity: usize,
    notice: OnceLock<Notice>,
}

impl Shared {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State::new(capacity)),
            work: Condvar::new(),
            progress: Condvar::new(),
            capacity,
            notice: OnceLock::new(),
        }
    }

    /// No panic leaves the state half changed, so a poisoned one is fit for use.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_notice(&self, notice: Notice) {
        let _ = self.notice.set(notice);
    }

    pub(super) fn notice(&self) -> Option<&Notice> {
        self.notice.get()
    }

    pub(super) fn push(&self, level: Level, line: &[u8]) -> Result<(), Reason> {
        let mut state = self.state();
        if let Err(reason) = state.admit(level, line.len(), self.capacity) {
            state.counts.refused += 1;
            if reason != Reason::Closed {
                state.untold.add(level, 1);
            }
            return Err(reason);
        }
        state.append(level, line);
        let wake = match state.worker {
            Worker::Idle => true,
            Worker::Lingers => 1 < state.queue.len(),
            Worker::Busy | Worker::Gone => false,
        };
        if wake {
            // One caller wakes it; the others need not.
            state.worker = Worker::Busy;
            drop(state);
            self.work.notify_one();
        }
        Ok(())
    }

    pub(super) fn flush(&self, within: Duration) -> FlushReport {
        let mut state = self.state();
        let target = state.counts.accepted;
        state.hurry = true;
        self.work.notify_one();
        let unsettled = |state: &mut State| state.counts.settled() < target;
        state = self.wait_for_worker(state, within, unsettled);
        state.counts.report()
    }

    /// Takes no more lines, and waits until the worker has gone. Returns whether it has.
    pub(super) fn close(&self, within: Duration) -> (FlushReport, bool) {
        let mut state = self.state();
        state.closed = true;
        self.work.notify_one();
        state = self.wait_for_worker(state, within, |_| true);
        state.abandoned = true;
        (state.counts.report(), state.worker == Worker::Gone)
    }

    fn wait_for_worker<'a>(
        &self,
        state: MutexGuard<'a, State>,
        within: Duration,
        mut waits: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        let goes_on = |state: &mut State| state.worker != Worker::Gone && waits(state);
        let waited = self.progress.wait_timeout_while(state, within, goes_on);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The worker's side.
impl Shared {
    /// The next lines to write; none when the writer is closed and all has been taken.
    pub(super) fn next(&self) -> Option<Chunk> {
        let mut state = self.state();
        let mut lingered = false;
        loop {
            let ready = match state.queue.len() {
                0 => false,
                1 => lingered || state.hurry || state.closed,
                _ => true,
            };
            if ready {
                state.worker = Worker::Busy;
                return state.queue.pop_front();
            }
            if !state.queue.is_empty() {
                state.worker = Worker::Lingers;
                lingered = true;
                let waited = self.work.wait_timeout(state, LINGER);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            } else if state.closed {
                return None;
            } else {
                state.hurry = false;
                state.worker = Worker::Idle;
                state = self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Gives the room of a chunk back, and notes which of its lines were lost. Returns the dropped
    /// lines that the output should now be told of.
    pub(super) fn release(&self, chunk: &Chunk, lost: &PerLevel) -> Option<PerLevel> {
        let mut state = self.state();
        state.used -= chunk.bytes().len();
        state.untold.add_all(lost);
        let recovered = lost.sum() == 0 && state.used <= self.capacity / 2;
        let tells = recovered && 0 < state.untold.sum() && self.notice.get().is_some();
        tells.then(|| std::mem::take(&mut state.untold))
    }

    /// Reports a chunk as done, and the notice that followed it: told, or still to be told.
    pub(super) fn settle(&self, mut chunk: Chunk, lost: &PerLevel, notice: Option<&Told>) {
        let mut state = self.state();
        state.counts.written += chunk.lines() - lost.sum();
        state.counts.failed += lost.sum();
        match notice {
            Some(Told::Yes) => state.counts.notices += 1,
            Some(Told::No(untold)) => state.untold.add_all(untold),
            None => {}
        }
        if state.empty.len() < KEPT {
            chunk.clear();
            state.empty.push(chunk);
        }
        drop(state);
        self.progress.notify_all();
    }

    /// Waits a little before another attempt. Returns whether there should be one.
    pub(super) fn pause(&self) -> bool {
        let state = self.state();
        if state.abandoned {
            return false;
        }
        drop(self.work.wait_timeout(state, PAUSE));
        true
    }

    /// The worker ends, for whatever reason: nobody shall wait for it.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        state.closed = true;
        state.worker = Worker::Gone;
        drop(state);
        self.progress.notify_all();
    }
}

/// Whether the output took a notice.
pub(super) enum Told {
    Yes,
    No(PerLevel),
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Writer")
            .field("capacity", &self.capacity)
            .field("used", &state.used)
            .field("closed", &state.closed)
            .field("lines", &state.counts.report())
            .finish()
    }
}
