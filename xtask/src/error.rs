//! One error for every command: a sentence for a person, with what led to it.

use std::fmt;

/// Why a command could not do its work, told as a sentence.
#[derive(Debug)]
pub struct Error {
    message: String,
}

/// The result of a step of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Puts what was being done in front of why it failed.
pub trait Context<T> {
    /// On failure: `doing: why`.
    ///
    /// # Errors
    /// The same failure, with `doing` before it.
    fn context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|error| Error::new(format!("{}: {error:#}", doing())))
    }
}
