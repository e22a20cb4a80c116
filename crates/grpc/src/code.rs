//! gRPC's status codes.

use http::{HeaderMap, HeaderName};
use throughline_catalog::label;

use crate::wire::find;

// A name that is made once is found without being parsed.
pub(crate) static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

label! {
    /// A gRPC status, under its name. A number that gRPC does not know is `UNKNOWN`, as gRPC's own
    /// rule for clients says.
    pub enum Code {
        Ok = "OK",
        Cancelled = "CANCELLED",
        Unknown = "UNKNOWN",
        InvalidArgument = "INVALID_ARGUMENT",
        DeadlineExceeded = "DEADLINE_EXCEEDED",
        NotFound = "NOT_FOUND",
        AlreadyExists = "ALREADY_EXISTS",
        PermissionDenied = "PERMISSION_DENIED",
        ResourceExhausted = "RESOURCE_EXHAUSTED",
        FailedPrecondition = "FAILED_PRECONDITION",
        Aborted = "ABORTED",
        OutOfRange = "OUT_OF_RANGE",
        Unimplemented = "UNIMPLEMENTED",
        Internal = "INTERNAL",
        Unavailable = "UNAVAILABLE",
        DataLoss = "DATA_LOSS",
        Unauthenticated = "UNAUTHENTICATED",
    }
}

impl Code {
    /// The code that stands in headers or trailers under `grpc-status`, in decimal.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let value = find(headers, &GRPC_STATUS)?;
        Some(Self::parse(value.as_bytes()))
    }

    /// The code with this number, in decimal.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let number = match text {
            [digit @ b'0'..=b'9'] => usize::from(digit - b'0'),
            [b'1', digit @ b'0'..=b'6'] => usize::from(10 + digit - b'0'),
            _ => return Self::Unknown,
        };
        Self::ALL[number]
    }

    #[cfg(feature = "tonic")]
    pub(crate) fn of_tonic(code: tonic::Code) -> Self {
        let known = usize::try_from(i32::from(code)).ok();
        known
            .and_then(|number| Self::ALL.get(number).copied())
            .unwrap_or(Self::Unknown)
    }

    /// What a response without any `grpc-status` means: gRPC's table of HTTP statuses.
    pub(crate) const fn of_http(status: u16) -> Self {
        match status {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502 | 503 | 504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    /// Whether a server is at fault: the set of OpenTelemetry's RPC conventions.
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::DeadlineExceeded
                | Self::Unimplemented
                | Self::Internal
                | Self::Unavailable
                | Self::DataLoss
        )
    }
}
