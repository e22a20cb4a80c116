//! What this crate counts about itself.

use std::cell::Cell;

use throughline_catalog::{catalog, label};

label! {
    /// The level of a line.
    pub enum Level {
        Trace = "trace",
        Debug = "debug",
        Info = "info",
        Warn = "warn",
        Error = "error",
    }
}

label! {
    /// Why a line was dropped.
    pub enum Reason {
        /// The queue is filling, and the room that is left is for graver lines.
        Watermark = "watermark",
        /// The queue is full.
        Full = "full",
        /// The output refused the line.
        WriteError = "write_error",
        /// The writer has been shut down.
        Closed = "closed",
    }
}

catalog! { pub mod throughline, budget 100;
    /// Log lines made, those dropped later among them.
    counter throughline_log_lines_total { level: Level };
    /// Log lines dropped instead of blocking, or refused by the output.
    counter throughline_log_lines_dropped_total { level: Level, reason: Reason };
}

impl Level {
    pub(crate) const fn of(level: tracing_core::Level) -> Self {
        match level {
            tracing_core::Level::TRACE => Self::Trace,
            tracing_core::Level::DEBUG => Self::Debug,
            tracing_core::Level::INFO => Self::Info,
            tracing_core::Level::WARN => Self::Warn,
            tracing_core::Level::ERROR => Self::Error,
        }
    }
}

pub(crate) fn made(level: Level) {
    count(|| {
        throughline::throughline_log_lines_total
            .with((level,))
            .increment(1)
    });
}

pub(crate) fn dropped(level: Level, reason: Reason, lines: u64) {
    let family = throughline::throughline_log_lines_dropped_total;
    count(|| family.with((level, reason)).increment(lines));
}

/// A recorder that logs would be counted for ever: what it logs while it counts is not.
fn count(add: impl FnOnce()) {
    thread_local! {
        static COUNTING: Cell<bool> = const { Cell::new(false) };
    }
    if COUNTING.replace(true) {
        return;
    }
    add();
    COUNTING.set(false);
}
