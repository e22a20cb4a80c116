//! The thread that writes.

use std::{
    io::{self, ErrorKind, Write},
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    chunk::PerLevel,
    queue::{Shared, Told},
};
use crate::families::{self, Level, Reason};

/// Writes until the writer is closed.
pub(super) fn run(shared: &Shared, output: impl Write) {
    let _leave = Leave(shared);
    let mut output = Output {
        inner: output,
        torn: false,
    };
    let mut line = Vec::new();
    while let Some(chunk) = shared.next() {
        let written = output.write(chunk.bytes(), shared);
        let lost = chunk.lost_after(written);
        let untold = shared.release(&chunk, &lost);
        count(&lost);
        let notice = untold.map(|untold| {
            line.clear();
            if let Some(write) = shared.notice() {
                write(&untold, &mut line);
            }
            if output.write(&line, shared) < line.len() {
                return Told::No(untold);
            }
            families::made(Level::Warn);
            Told::Yes
        });
        shared.settle(chunk, &lost, notice.as_ref());
    }
}

fn count(lost: &PerLevel) {
    for level in Level::ALL {
        let lines = lost.of(*level);
        if 0 < lines {
            families::dropped(*level, Reason::WriteError, lines);
        }
    }
}

/// Tells the others when the worker ends, also by a panic.
struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

struct Output<W> {
    inner: W,
    /// The last write ended inside a line.
    torn: bool,
}

impl<W: Write> Output<W> {
    /// Writes whole lines. Returns how many bytes the output has for certain.
    fn write(&mut self, lines: &[u8], shared: &Shared) -> usize {
        // What comes next shall not continue the torn line.
        if self.torn && self.attempt(b"\n", shared) == 1 {
            self.torn = false;
        }
        if self.torn {
            return 0;
        }
        let written = self.attempt(lines, shared);
        self.torn = 0 < written && lines[written - 1] != b'\n';
        let flushed = catch_unwind(AssertUnwindSafe(|| self.inner.flush()));
        match flushed {
            Ok(Ok(())) => written,
            // A buffer of the output may have lost any of it.
            _ => 0,
        }
    }

    fn attempt(&mut self, mut bytes: &[u8], shared: &Shared) -> usize {
        let all = bytes.len();
        while !bytes.is_empty() {
            // An output that panics is an output that fails.
            let inner = &mut self.inner;
            let done = catch_unwind(AssertUnwindSafe(|| inner.write(bytes)));
            match done.unwrap_or_else(|_| Err(io::Error::other("the output panicked"))) {
                Ok(0) => break,
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock && shared.pause() => {}
                Err(_) => break,
            }
        }
        all - bytes.len()
    }
}
