//! Lines that are written together.

use crate::families::Level;

/// A number for each level.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PerLevel([u64; Level::ALL.len()]);

impl PerLevel {
    pub(crate) const fn of(&self, level: Level) -> u64 {
        self.0[level as usize]
    }

    pub(crate) fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) const fn add(&mut self, level: Level, lines: u64) {
        self.0[level as usize] += lines;
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours += theirs;
        }
    }
}

/// Whole lines, one after another.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    end: usize,
    level: Level,
}

impl Chunk {
    pub(super) fn new(size: usize) -> Self {
        // Lines are rarely shorter than this.
        const SHORT_LINE: usize = 128;
        Self {
            bytes: Vec::with_capacity(size),
            lines: Vec::with_capacity(size / SHORT_LINE),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) const fn lines(&self) -> u64 {
        self.lines.len() as u64
    }

    /// Whether a line of this length fits into the memory that the chunk has.
    pub(super) fn has_room(&self, length: usize) -> bool {
        length <= self.bytes.capacity() - self.bytes.len()
    }

    pub(super) fn push(&mut self, level: Level, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.lines.push(Line {
            end: self.bytes.len(),
            level,
        });
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lines.clear();
    }

    /// The lines that are not whole when only so many bytes were written.
    pub(super) fn lost_after(&self, written: usize) -> PerLevel {
        let mut lost = PerLevel::default();
        for line in self.lines.iter().filter(|line| written < line.end) {
            lost.add(line.level, 1);
        }
        lost
    }
}
