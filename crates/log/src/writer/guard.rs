//! The end of a writer.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use super::queue::Shared;

/// How long a dropped guard waits.
const DROP_DEADLINE: Duration = Duration::from_millis(500);

/// Keeps a [`Writer`](crate::Writer) open.
///
/// When it is dropped, the writer takes no more lines, and those that wait are written, for at most
/// half a second. Bind it to a name: `let (writer, _) = …` closes the writer at once.
///
/// ```
/// use std::time::Duration;
/// use throughline_log::{MemorySink, Writer};
///
/// let (writer, guard) = Writer::to(MemorySink::default())?;
/// let report = guard.shutdown(Duration::from_secs(5));
/// assert_eq!((report.written, report.dropped, report.unwritten), (0, 0, 0));
/// # Ok::<(), throughline_log::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "the writer is closed when the guard is dropped"]
pub struct WriterGuard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl WriterGuard {
    pub(super) const fn new(shared: Arc<Shared>, thread: JoinHandle<()>) -> Self {
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// Waits until the lines handed over so far are written, at most for `within`.
    #[expect(
        clippy::must_use_candidate,
        reason = "waiting is an effect; the report may be ignored"
    )]
    pub fn flush(&self, within: Duration) -> FlushReport {
        self.shared.flush(within)
    }

    /// Takes no more lines, and waits until those that wait are written, at most for `within`.
    #[expect(
        clippy::must_use_candidate,
        reason = "waiting is an effect; the report may be ignored"
    )]
    pub fn shutdown(mut self, within: Duration) -> FlushReport {
        self.close(within)
    }

    fn close(&mut self, within: Duration) -> FlushReport {
        let (report, gone) = self.shared.close(within);
        // A worker that the output holds is left to the end of the process.
        if let Some(thread) = self.thread.take().filter(|_| gone) {
            let _ = thread.join();
        }
        report
    }
}

impl Drop for WriterGuard {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.close(DROP_DEADLINE);
        }
    }
}

/// What became of the lines of a writer since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlushReport {
    /// Lines that the output took, among them those that tell of dropped lines.
    pub written: u64,
    /// Lines that were dropped instead of blocking, or that the output refused.
    pub dropped: u64,
    /// Lines that still waited when the time was up.
    pub unwritten: u64,
}
