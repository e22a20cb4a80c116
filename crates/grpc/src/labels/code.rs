//! The status in other spellings than its own, and coarser.

use throughline_catalog::label;

use crate::code::Code;

label! {
    /// A gRPC status as Go spells it, and with it `grpc_code` on many a dashboard.
    pub enum GoCode {
        Ok = "OK",
        Canceled = "Canceled",
        Unknown = "Unknown",
        InvalidArgument = "InvalidArgument",
        DeadlineExceeded = "DeadlineExceeded",
        NotFound = "NotFound",
        AlreadyExists = "AlreadyExists",
        PermissionDenied = "PermissionDenied",
        ResourceExhausted = "ResourceExhausted",
        FailedPrecondition = "FailedPrecondition",
        Aborted = "Aborted",
        OutOfRange = "OutOfRange",
        Unimplemented = "Unimplemented",
        Internal = "Internal",
        Unavailable = "Unavailable",
        DataLoss = "DataLoss",
        Unauthenticated = "Unauthenticated",
    }
}

label! {
    /// A gRPC status as its number on the wire.
    pub enum CodeNumber {
        Ok = "0",
        Cancelled = "1",
        Unknown = "2",
        InvalidArgument = "3",
        DeadlineExceeded = "4",
        NotFound = "5",
        AlreadyExists = "6",
        PermissionDenied = "7",
        ResourceExhausted = "8",
        FailedPrecondition = "9",
        Aborted = "10",
        OutOfRange = "11",
        Unimplemented = "12",
        Internal = "13",
        Unavailable = "14",
        DataLoss = "15",
        Unauthenticated = "16",
    }
}

label! {
    /// Whose fault a status is: 3 series where [`Code`] makes 17.
    pub enum CodeClass {
        /// `OK`.
        Ok = "ok",
        /// Any other that is not the server's fault.
        ClientError = "client_error",
        /// [`Code::is_server_error`].
        ServerError = "server_error",
    }
}

impl From<Code> for GoCode {
    fn from(code: Code) -> Self {
        Self::ALL[code as usize]
    }
}

impl From<Code> for CodeNumber {
    fn from(code: Code) -> Self {
        Self::ALL[code as usize]
    }
}

impl From<Code> for CodeClass {
    fn from(code: Code) -> Self {
        match code {
            Code::Ok => Self::Ok,
            code if code.is_server_error() => Self::ServerError,
            _ => Self::ClientError,
        }
    }
}
