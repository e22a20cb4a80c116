//! An error that came from another process.

use std::{error::Error, fmt};

use crate::FaultId;

/// An error that another process answered with, and the id under which it has been told there, if a
/// peer of ours said so.
///
/// A [`Fault`](crate::Fault) that has it anywhere behind it is logged at `DEBUG` if it has been told,
/// and as any other fault if it has not. It shows the text of the error within, which is its source.
///
/// ```
/// use throughline_fault::{Fault, FaultId, PeerError};
///
/// let told = FaultId::of_ours([b"00f067aa0ba902b7".as_slice()]); // the header of a peer's answer
/// let fault = Fault::error("kernel_failed", PeerError::new("the kernel answered 500", told));
/// assert_eq!(fault.id().to_string(), "00f067aa0ba902b7", "the one log line is the kernel's");
/// ```
#[derive(Debug)]
pub struct PeerError {
    error: Box<dyn Error + Send + Sync>,
    told: Option<FaultId>,
}

impl PeerError {
    /// The error, and the mark of the answer that it was.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>, told: Option<FaultId>) -> Self {
        let error = error.into();
        Self { error, told }
    }

    /// Under which id the peer has told it.
    #[must_use]
    pub const fn told(&self) -> Option<FaultId> {
        self.told
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for PeerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Itself, so that whoever walks the chain finds it by its type.
        Some(&*self.error)
    }
}
