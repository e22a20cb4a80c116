//! Every error that the API answers with, and the one place where it becomes a response.

use std::borrow::Cow;

use axum::{
    Extension, Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use throughline_correlation::{Ids, RequestId};
use throughline_fault::{Fault, FaultId};
use throughline_grpc::peer_error;
use tonic::{Code, Status};

use crate::{
    compiler::{self, CircuitError},
    job::SpecError,
    link,
};

/// What went wrong, as one word of a closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The circuit has a mistake.
    Circuit(compiler::ErrorKind),
    /// There is no body.
    EmptyBody,
    /// The body is not JSON.
    MalformedJson,
    /// The body is JSON, but not a job.
    InvalidField,
    /// The body is too long.
    BodyTooLarge,
    /// The body broke off.
    IncompleteBody,
    /// No shots, or too many.
    ShotsOutOfRange,
    /// No driver of that name.
    UnknownDriver,
    /// An option that the driver does not know.
    BadOption,
    /// No job of that id.
    UnknownJob,
    /// No such route.
    UnknownRoute,
    /// The route does not know the method.
    MethodNotAllowed,
    /// Too many jobs are running.
    Busy,
    /// A service behind the API is not reachable.
    Unavailable,
    /// A service behind the API did not answer in time.
    Timeout,
    /// Anything else.
    Internal,
}

impl ErrorKind {
    /// The kind as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Circuit(kind) => kind.as_str(),
            Self::EmptyBody => "empty_body",
            Self::MalformedJson => "malformed_json",
            Self::InvalidField => "invalid_field",
            Self::BodyTooLarge => "body_too_large",
            Self::IncompleteBody => "incomplete_body",
            Self::ShotsOutOfRange => "shots_out_of_range",
            Self::UnknownDriver => "unknown_driver",
            Self::BadOption => "bad_option",
            Self::UnknownJob => "unknown_job",
            Self::UnknownRoute => "unknown_route",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Circuit(compiler::ErrorKind::TooManyQubits | compiler::ErrorKind::TooLarge)
            | Self::ShotsOutOfRange
            | Self::UnknownDriver
            | Self::BadOption => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Circuit(_)
            | Self::EmptyBody
            | Self::MalformedJson
            | Self::InvalidField
            | Self::IncompleteBody => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnknownJob | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

const INTERNAL: &str = "something went wrong inside";

/// An error on its way to the caller.
#[derive(Debug, Clone)]
pub struct ApiError {
    kind: ErrorKind,
    message: Cow<'static, str>,
    /// Line and column, in the circuit or in the JSON.
    place: Option<(u32, u32)>,
    told: FaultId,
}

impl ApiError {
    fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>, told: Fault) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
            told: told.into(),
        }
    }

    /// A mistake of the caller's, which the API is the first to see: `what` went wrong without any of
    /// the caller's own words.
    pub(super) fn refused(
        kind: ErrorKind,
        what: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(kind, message, Fault::warning(kind.as_str(), what))
    }

    /// A call to the kernel that failed.
    fn of_call(kind: ErrorKind, message: &'static str, why: Status) -> Self {
        Self::new(kind, message, Fault::error(kind.as_str(), peer_error(why)))
    }

    /// An answer of the kernel's that makes no sense.
    pub(super) fn nonsense(what: &'static str) -> Self {
        let kind = ErrorKind::Internal;
        Self::new(kind, INTERNAL, Fault::error(kind.as_str(), what))
    }

    pub(super) fn at(mut self, line: u32, column: u32) -> Self {
        self.place = Some((line, column));
        self
    }

    pub(super) fn unknown_job() -> Self {
        let message = "there is no such job; finished jobs are kept for a while only";
        Self::refused(ErrorKind::UnknownJob, "there is no such job", message)
    }

    /// The body that the caller reads.
    pub(super) fn to_json(&self) -> impl Serialize + use<'_> {
        ErrorBody {
            error: &self.message,
            error_kind: self.kind.as_str(),
            request_id: Ids::current_id::<RequestId>().map(|id| id.to_string()),
            line: self.place.map(|(line, _)| line),
            column: self.place.map(|(_, column)| column),
        }
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
    error_kind: &'static str,
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // The layer tells a caller of ours by it that the error has been told.
        let told = Extension(self.told);
        (self.kind.status(), told, Json(self.to_json())).into_response()
    }
}

impl From<SpecError> for ApiError {
    fn from(why: SpecError) -> Self {
        let kind = match why {
            SpecError::UnknownDriver => ErrorKind::UnknownDriver,
            SpecError::ShotsOutOfRange => ErrorKind::ShotsOutOfRange,
            SpecError::BadOption => ErrorKind::BadOption,
        };
        Self::refused(kind, kind.as_str(), why.to_string())
    }
}

/// What a call to the kernel ended with. A circuit's mistakes are the caller's business; what is
/// inside any other status is not.
impl From<Status> for ApiError {
    fn from(status: Status) -> Self {
        let refused = |kind: ErrorKind, message: Cow<'static, str>, status| {
            Self::new(
                kind,
                message,
                Fault::warning(kind.as_str(), peer_error(status)),
            )
        };
        if let Some(why) = CircuitError::from_status(&status) {
            let compiler::Position { line, column } = why.position();
            let message = why.message().to_owned().into();
            return refused(ErrorKind::Circuit(why.kind()), message, status).at(line, column);
        }
        match status.code() {
            Code::NotFound => Self::unknown_job(),
            Code::ResourceExhausted => {
                let message = "too many jobs are running; try again later";
                refused(ErrorKind::Busy, message.into(), status)
            }
            _ if link::unreachable(&status) => Self::of_call(
                ErrorKind::Unavailable,
                "a service behind this one is not reachable; try again later",
                status,
            ),
            _ if link::timed_out(&status) => Self::of_call(
                ErrorKind::Timeout,
                "a service behind this one did not answer in time; try again later",
                status,
            ),
            _ => Self::of_call(ErrorKind::Internal, INTERNAL, status),
        }
    }
}
