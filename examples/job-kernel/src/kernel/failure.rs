//! Why a job failed, and who tells it.

use std::{error::Error, fmt, sync::Arc};

use throughline_fault::Fault;
use throughline_grpc::{peer_error, with_fault};
use tonic::{Code, Status};

use super::IllegalTransition;
use crate::link;

/// Why a job failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Its settings are not in order.
    InvalidRequest,
    /// Its circuit has a mistake.
    CircuitRefused,
    /// The compiler is not reachable.
    CompilerUnavailable,
    /// The compiler did not answer in time.
    CompilerTimeout,
    /// The compiler answered with an error of its own.
    CompilerFailed,
    /// No device can run it.
    NoDevice,
    /// The driver manager is not reachable.
    DriverUnavailable,
    /// The driver did not answer in time.
    DriverTimeout,
    /// The driver answered with an error.
    DriverFailed,
    /// What the driver answered cannot be the result.
    BadResult,
    /// The kernel gave it up.
    Interrupted,
}

impl FailureKind {
    /// The kind as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::CircuitRefused => "circuit_refused",
            Self::CompilerUnavailable => "compiler_unavailable",
            Self::CompilerTimeout => "compiler_timeout",
            Self::CompilerFailed => "compiler_failed",
            Self::NoDevice => "no_device",
            Self::DriverUnavailable => "driver_unavailable",
            Self::DriverTimeout => "driver_timeout",
            Self::DriverFailed => "driver_failed",
            Self::BadResult => "bad_result",
            Self::Interrupted => "interrupted",
        }
    }

    /// What the submitter of the job is told; the cause stays in here.
    const fn message(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the job's settings are not in order",
            Self::CircuitRefused => "the circuit has a mistake",
            Self::CompilerUnavailable => {
                "the compiler is not reachable; submit the job again later"
            }
            Self::CompilerTimeout => "the compiler did not answer in time",
            Self::CompilerFailed => "the compiler failed",
            Self::NoDevice => "no device can run this job",
            Self::DriverUnavailable => {
                "the driver manager is not reachable; submit the job again later"
            }
            Self::DriverTimeout => "the driver did not answer in time",
            Self::DriverFailed => "the driver failed",
            Self::BadResult => "the driver answered with a result that cannot be",
            Self::Interrupted => "the kernel gave the job up",
        }
    }
}

/// Why a job failed, for its submitter in `Display` and for the operator in `source`.
#[derive(Debug, Clone)]
pub struct Failure {
    kind: FailureKind,
    fault: Arc<Fault>,
    /// What a `Submit` is answered with, if it is not made of the kind.
    answer: Option<Status>,
}

impl Failure {
    fn told(kind: FailureKind, fault: Fault, answer: Option<Status>) -> Self {
        let fault = fault.into();
        Self {
            kind,
            fault,
            answer,
        }
    }

    fn error(kind: FailureKind, why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::told(kind, Fault::error(kind.as_str(), why), None)
    }

    /// A failure that the kernel is the first to see.
    pub(super) fn new(kind: FailureKind) -> Self {
        Self::error(kind, kind.message())
    }

    /// A mistake of the submitter's.
    pub(super) fn invalid(why: impl fmt::Display) -> Self {
        let (kind, why) = (FailureKind::InvalidRequest, why.to_string());
        let answer = Status::invalid_argument(&why);
        Self::told(kind, Fault::warning(kind.as_str(), why), Some(answer))
    }

    /// What a call to the compiler ended with.
    pub(super) fn of_compiler(status: Status) -> Self {
        let kind = match status.code() {
            Code::InvalidArgument => return Self::of_circuit(status),
            _ if link::unreachable(&status) => FailureKind::CompilerUnavailable,
            _ if link::timed_out(&status) => FailureKind::CompilerTimeout,
            _ => FailureKind::CompilerFailed,
        };
        Self::error(kind, peer_error(status))
    }

    fn of_circuit(status: Status) -> Self {
        let kind = FailureKind::CircuitRefused;
        // Message and details go on, metadata of another hop does not.
        let details = status.details().to_vec().into();
        let answer = Status::with_details(status.code(), status.message(), details);
        let fault = Fault::warning(kind.as_str(), peer_error(status));
        Self::told(kind, fault, Some(answer))
    }

    /// What a call to the driver manager ended with.
    pub(super) fn of_driver(status: Status) -> Self {
        let kind = match status.code() {
            _ if link::unreachable(&status) => FailureKind::DriverUnavailable,
            _ if link::timed_out(&status) => FailureKind::DriverTimeout,
            _ => FailureKind::DriverFailed,
        };
        Self::error(kind, peer_error(status))
    }

    /// Which kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The answer to a `Submit` that failed so: the compiler's own where the circuit is at fault. It
    /// says that the failure has been told.
    pub(super) fn into_status(self) -> Status {
        let message = self.kind.message();
        let status = self.answer.unwrap_or_else(|| match self.kind {
            FailureKind::CompilerUnavailable | FailureKind::DriverUnavailable => {
                Status::unavailable(message)
            }
            FailureKind::CompilerTimeout | FailureKind::DriverTimeout => {
                Status::deadline_exceeded(message)
            }
            _ => Status::internal(message),
        });
        with_fault(status, &*self.fault)
    }
}

impl From<IllegalTransition> for Failure {
    fn from(why: IllegalTransition) -> Self {
        Self::error(FailureKind::Interrupted, why)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.message())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.fault)
    }
}
