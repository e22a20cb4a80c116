//! The body of a job's submission.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Number, error::Category};

use super::{ApiError, ErrorKind, MAX_BODY};
use crate::{
    driver_manager::{Driver, FaultMode},
    job::JobSpec,
};

/// Shots of a job that does not say.
const DEFAULT_SHOTS: u64 = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    circuit: String,
    /// Any number, so that one out of range is told as such.
    shots: Option<Number>,
    driver: Option<String>,
    #[serde(default)]
    options: Options,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    seed: Option<u64>,
    mode: Option<Mode>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Fail,
    Stall,
}

/// A job as it was submitted, checked but for its circuit.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) circuit: String,
    pub(super) spec: JobSpec,
}

impl<S: Send + Sync> FromRequest<S> for Submission {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|why| unreadable(&why))?;
        parse(&bytes)
    }
}

fn parse(bytes: &[u8]) -> Result<Submission, ApiError> {
    if bytes.trim_ascii().is_empty() {
        let message = "the body is empty; send a job such as {\"circuit\": \"qreg q[1]; h q[0]; measure q;\"}";
        return Err(ApiError::refused(
            ErrorKind::EmptyBody,
            "the body is empty",
            message,
        ));
    }
    let Body {
        circuit,
        shots,
        driver,
        options,
    } = serde_json::from_slice(bytes).map_err(|why| not_a_job(&why))?;
    // What is no whole number is as much out of range as 0.
    let shots = shots.map_or(DEFAULT_SHOTS, |shots| shots.as_u64().unwrap_or(0));
    let driver = driver.as_deref().unwrap_or(Driver::Statevector.as_str());
    let mode = options.mode.map(|mode| match mode {
        Mode::Fail => FaultMode::Fail,
        Mode::Stall => FaultMode::Stall,
    });
    let spec = JobSpec::new(driver, shots, options.seed, mode)?;
    Ok(Submission { circuit, spec })
}

fn unreadable(why: &BytesRejection) -> ApiError {
    if why.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let message = format!("the body is longer than {MAX_BODY} bytes");
        return ApiError::refused(ErrorKind::BodyTooLarge, "the body is too long", message);
    }
    let message = "the body broke off before its end";
    ApiError::refused(ErrorKind::IncompleteBody, message, message)
}

fn not_a_job(why: &serde_json::Error) -> ApiError {
    let (kind, what) = match why.classify() {
        Category::Data => (ErrorKind::InvalidField, "the body is not a job"),
        Category::Syntax | Category::Eof | Category::Io => {
            (ErrorKind::MalformedJson, "the body is not JSON")
        }
    };
    // The parser quotes what it found, however long that is.
    let detail: String = why.to_string().chars().take(200).collect();
    let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    ApiError::refused(kind, what, format!("{what}: {detail}"))
        .at(place(why.line()), place(why.column()))
}
