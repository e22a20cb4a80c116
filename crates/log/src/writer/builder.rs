//! Setting a writer up.

use std::{
    io::{self, Write},
    sync::Arc,
    thread,
};

use super::{Writer, guard::WriterGuard, queue::Shared, state::CHUNK, worker};
use crate::error::ConfigError;

/// How many bytes of lines may wait, unless told otherwise: 8 MiB.
pub const DEFAULT_CAPACITY: usize = 8 * 1024 * 1024;
/// The least capacity in bytes: 64 KiB.
pub const MIN_CAPACITY: usize = CHUNK;

/// Sets a [`Writer`] up.
///
/// ```
/// use throughline_log::{ConfigError, MemorySink, Writer};
///
/// let refused = Writer::builder().capacity(10).to(MemorySink::default());
/// assert!(matches!(refused, Err(ConfigError::Capacity { bytes: 10 })));
/// let (_writer, _guard) = Writer::builder().capacity(1 << 20).to(MemorySink::default())?;
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is given an output"]
pub struct WriterBuilder {
    capacity: usize,
}

impl WriterBuilder {
    pub(super) const fn new() -> Self {
        Self {
            capacity: DEFAULT_CAPACITY,
        }
    }

    /// How many bytes of lines may wait for the output.
    pub const fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// Starts a writer to standard output; see [`Writer::stdout`].
    ///
    /// # Errors
    /// [`ConfigError::Capacity`] and [`ConfigError::Thread`].
    pub fn stdout(self) -> Result<(Writer, WriterGuard), ConfigError> {
        match descriptor() {
            Ok(output) => self.to(output),
            // No descriptor is left; the shared handle writes whole lines at once as well.
            Err(_) => self.to(io::stdout()),
        }
    }

    /// Starts a writer to any output.
    ///
    /// # Errors
    /// [`ConfigError::Capacity`] and [`ConfigError::Thread`].
    pub fn to(
        self,
        output: impl Write + Send + 'static,
    ) -> Result<(Writer, WriterGuard), ConfigError> {
        if self.capacity < MIN_CAPACITY {
            return Err(ConfigError::Capacity {
                bytes: self.capacity,
            });
        }
        let shared = Arc::new(Shared::new(self.capacity));
        let of_worker = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("throughline-log".into())
            .spawn(move || worker::run(&of_worker, output))
            .map_err(ConfigError::Thread)?;
        Ok((
            Writer(Arc::clone(&shared)),
            WriterGuard::new(shared, thread),
        ))
    }
}

/// Standard output past the buffer and the lock of the standard library.
#[cfg(unix)]
fn descriptor() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;

    Ok(io::stdout().as_fd().try_clone_to_owned()?.into())
}

#[cfg(not(unix))]
fn descriptor() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}
