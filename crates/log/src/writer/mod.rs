//! Writing lines without waiting for whoever reads them.

mod builder;
mod chunk;
mod guard;
mod memory;
mod queue;
mod state;
mod worker;

use std::{fmt, sync::Arc, time::Duration};

pub(crate) use self::chunk::PerLevel;
use self::queue::Shared;
pub use self::{
    builder::{DEFAULT_CAPACITY, MIN_CAPACITY, WriterBuilder},
    guard::{FlushReport, WriterGuard},
    memory::MemorySink,
};
use crate::{
    error::ConfigError,
    families::{self, Level},
};

/// A queue of lines, bounded in bytes, and a thread that writes them.
///
/// Handing over a line never waits for the output. While the output stalls, lines are dropped by
/// level: DEBUG and TRACE when the queue is 75 % full, INFO at 90 %, WARN and ERROR when there is no
/// room at all. Each is counted in `throughline_log_lines_dropped_total{level,reason}`, and one line
/// says how many are missing once the output has recovered.
///
/// Lines leave together, up to 64 KiB at a time, at most a few milliseconds after they were made.
/// A failing output costs the lines that it refused, which are counted, and nothing else.
///
/// Clones write to the same queue. When the [`WriterGuard`] is dropped, it closes.
///
/// ```
/// use std::time::Duration;
/// use throughline_log::{MemorySink, Writer};
///
/// let (writer, guard) = Writer::to(MemorySink::default())?;
/// assert_eq!(writer.flush(Duration::from_secs(5)).unwritten, 0);
/// drop(guard);
/// # Ok::<(), throughline_log::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Writer(Arc<Shared>);

impl Writer {
    /// A writer to standard output, of [`DEFAULT_CAPACITY`].
    ///
    /// On Unix it writes to the descriptor itself, past the buffer and the lock of
    /// [`std::io::stdout`]: while the output stalls, only this writer's thread waits for it.
    ///
    /// # Errors
    /// [`ConfigError::Thread`] if no thread can be started.
    pub fn stdout() -> Result<(Self, WriterGuard), ConfigError> {
        WriterBuilder::new().stdout()
    }

    /// A writer to any output, of [`DEFAULT_CAPACITY`]; in tests, to a [`MemorySink`].
    ///
    /// # Errors
    /// [`ConfigError::Thread`] if no thread can be started.
    pub fn to(
        output: impl std::io::Write + Send + 'static,
    ) -> Result<(Self, WriterGuard), ConfigError> {
        WriterBuilder::new().to(output)
    }

    /// A writer to be set up.
    pub const fn builder() -> WriterBuilder {
        WriterBuilder::new()
    }

    /// Waits until the lines handed over so far are written, at most for `within`.
    ///
    /// This blocks its thread; it is for the end of a process and for tests.
    #[expect(
        clippy::must_use_candidate,
        reason = "waiting is an effect; the report may be ignored"
    )]
    pub fn flush(&self, within: Duration) -> FlushReport {
        self.0.flush(within)
    }

    /// Hands over one line, its line break included.
    pub(crate) fn push(&self, level: Level, line: &[u8]) {
        families::made(level);
        if let Err(reason) = self.0.push(level, line) {
            families::dropped(level, reason, 1);
        }
    }

    /// Says how to write the line that tells of dropped lines; the first one counts.
    pub(crate) fn on_recovery(
        &self,
        notice: impl Fn(&PerLevel, &mut Vec<u8>) + Send + Sync + 'static,
    ) {
        self.0.set_notice(Box::new(notice));
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
