//! What a process wrote, line by line, with the time at which it came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::sync::Notify;

/// A process that writes more than this loses its oldest lines.
const MAX_BYTES: usize = 64 << 20;

/// A longer line is cut into several.
const MAX_LINE: u64 = 1 << 20;

/// Where a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a process.
#[derive(Debug)]
pub struct Line {
    arrived: Instant,
    stream: Stream,
    text: String,
    json: OnceLock<Option<Value>>,
}

impl Line {
    /// A line that arrives now.
    #[must_use]
    pub fn new(stream: Stream, text: String) -> Self {
        Self {
            arrived: Instant::now(),
            stream,
            text,
            json: OnceLock::new(),
        }
    }

    /// When the runner read it.
    #[must_use]
    pub const fn arrived(&self) -> Instant {
        self.arrived
    }

    /// Where the process wrote it.
    #[must_use]
    pub const fn stream(&self) -> Stream {
        self.stream
    }

    /// The line without its end; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line as a JSON object, if it is one. Parsed at the first call.
    pub fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| {
                serde_json::from_str(&self.text)
                    .ok()
                    .filter(Value::is_object)
            })
            .as_ref()
    }

    /// A field of the line's JSON object; `None` also if it is `null`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.json()?.get(name).filter(|value| !value.is_null())
    }

    /// A field that is a text.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }
}

/// All lines of one process so far, the oldest dropped above 64 MiB.
#[derive(Debug, Default)]
pub struct Log {
    kept: Mutex<Kept>,
    grown: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    dropped: u64,
}

impl Log {
    /// Adds a line and wakes who waits for it.
    pub fn push(&self, line: Line) {
        let mut kept = self.kept.lock().expect("no holder of the lock panics");
        kept.bytes += line.text.len();
        kept.lines.push_back(Arc::new(line));
        while kept.bytes > MAX_BYTES {
            let Some(oldest) = kept.lines.pop_front() else {
                break;
            };
            kept.bytes -= oldest.text.len();
            kept.dropped += 1;
        }
        drop(kept);
        self.grown.notify_waiters();
    }

    /// The lines kept so far, oldest first.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        self.kept
            .lock()
            .expect("no holder of the lock panics")
            .lines
            .iter()
            .cloned()
            .collect()
    }

    /// How many lines were given up to stay within bounds.
    pub fn dropped(&self) -> u64 {
        self.kept
            .lock()
            .expect("no holder of the lock panics")
            .dropped
    }

    /// The last `n` lines, indented, for an error's text.
    pub(crate) fn tail(&self, n: usize) -> String {
        let lines = self.lines();
        let from = lines.len().saturating_sub(n);
        if lines.is_empty() {
            return "  (it wrote nothing)".to_owned();
        }
        lines[from..]
            .iter()
            .map(|line| format!("  | {}", line.text))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Waits until `find` finds something in the lines, at most `within`.
    pub async fn wait_for<T>(
        &self,
        within: Duration,
        mut find: impl FnMut(&[Arc<Line>]) -> Option<T>,
    ) -> Option<T> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let mut grown = std::pin::pin!(self.grown.notified());
            // Registered before the look, so that a line between look and wait is not missed.
            grown.as_mut().enable();
            if let Some(found) = find(&self.lines()) {
                return Some(found);
            }
            if tokio::time::timeout_at(deadline, grown).await.is_err() {
                return find(&self.lines());
            }
        }
    }

    /// Reads a pipe to its end.
    pub(crate) async fn read(self: Arc<Self>, stream: Stream, pipe: impl AsyncRead + Unpin) {
        let mut pipe = BufReader::new(pipe);
        let mut raw = Vec::new();
        loop {
            raw.clear();
            match (&mut pipe).take(MAX_LINE).read_until(b'\n', &mut raw).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let text = String::from_utf8_lossy(&raw);
                    self.push(Line::new(
                        stream,
                        text.trim_end_matches(['\n', '\r']).to_owned(),
                    ));
                }
            }
        }
    }
}
