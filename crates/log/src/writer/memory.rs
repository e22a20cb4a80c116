//! An output for tests.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Keeps what is written, for tests to look at. Clones share it.
///
/// ```
/// use std::io::Write;
/// use throughline_log::MemorySink;
///
/// let sink = MemorySink::default();
/// sink.clone().write_all(b"one\ntwo\n")?;
/// assert_eq!(sink.lines(), ["one", "two"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemorySink(Arc<Mutex<Vec<u8>>>);

impl MemorySink {
    /// Everything written so far; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The lines written so far, without their line breaks.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }
}

impl Write for MemorySink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
