//! The queue, and what has become of the lines.

use std::collections::VecDeque;

use super::{
    chunk::{Chunk, PerLevel},
    guard::FlushReport,
};
use crate::families::{Level, Reason};

/// The most bytes of one write.
pub(super) const CHUNK: usize = 64 * 1024;
/// How many empty chunks are kept; the memory of a burst beyond them is given back.
pub(super) const KEPT: usize = 4;

#[derive(Debug)]
pub(super) struct State {
    pub(super) queue: VecDeque<Chunk>,
    pub(super) empty: Vec<Chunk>,
    /// Bytes in the queue and in the worker's hands.
    pub(super) used: usize,
    pub(super) counts: Counts,
    /// Dropped lines that no line has told of yet.
    pub(super) untold: PerLevel,
    pub(super) worker: Worker,
    /// Somebody waits for the lines: no lingering.
    pub(super) hurry: bool,
    pub(super) closed: bool,
    /// Nobody waits any more: what would take time is given up.
    pub(super) abandoned: bool,
}

/// Lines since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) written: u64,
    pub(super) failed: u64,
    /// Lines that tell of dropped lines, which nobody handed over.
    pub(super) notices: u64,
}

impl Counts {
    pub(super) const fn settled(&self) -> u64 {
        self.written + self.failed
    }

    pub(super) const fn report(&self) -> FlushReport {
        FlushReport {
            written: self.written + self.notices,
            dropped: self.refused + self.failed,
            unwritten: self.accepted - self.settled(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Worker {
    Busy,
    /// Waits for a first line.
    Idle,
    /// Waits for company for a first line.
    Lingers,
    Gone,
}

impl State {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            // Only the last chunk has room for a line of the greatest length.
            queue: VecDeque::with_capacity(capacity / CHUNK * 2 + 2),
            empty: vec![Chunk::new(CHUNK), Chunk::new(CHUNK)],
            used: 0,
            counts: Counts::default(),
            untold: PerLevel::default(),
            worker: Worker::Busy,
            hurry: false,
            closed: false,
            abandoned: false,
        }
    }

    pub(super) fn admit(&self, level: Level, length: usize, capacity: usize) -> Result<(), Reason> {
        let after = self.used + length;
        let share = match level {
            Level::Trace | Level::Debug => 75,
            Level::Info => 90,
            Level::Warn | Level::Error => 100,
        };
        if self.closed {
            Err(Reason::Closed)
        } else if capacity < after {
            Err(Reason::Full)
        } else if share < 100 && capacity / 100 * share < after {
            Err(Reason::Watermark)
        } else {
            Ok(())
        }
    }

    pub(super) fn append(&mut self, level: Level, line: &[u8]) {
        self.used += line.len();
        self.counts.accepted += 1;
        if let Some(last) = self
            .queue
            .back_mut()
            .filter(|chunk| chunk.has_room(line.len()))
        {
            return last.push(level, line);
        }
        let mut chunk = self.empty.pop().unwrap_or_else(|| Chunk::new(CHUNK));
        chunk.push(level, line);
        self.queue.push_back(chunk);
    }
}
