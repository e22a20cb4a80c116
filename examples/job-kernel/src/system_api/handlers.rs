//! Submitting a job, and asking for one.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{FromRequestParts, Path, State as Shared},
    http::{HeaderName, StatusCode, header::LOCATION, request::Parts},
};
use serde::Serialize;
use throughline_correlation::Ids;

use super::{Api, ApiError, ErrorKind, body::Submission};
use crate::{driver_manager::FaultMode, job::JobId, kernel::State, link, rpc};

/// The job that a path names; a malformed id is as unknown as any other.
#[derive(Debug)]
pub(super) struct JobPath(pub(super) JobId);

impl<S: Send + Sync> FromRequestParts<S> for JobPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        id.and_then(|Path(id)| JobId::parse(&id).ok())
            .map(Self)
            .ok_or_else(ApiError::unknown_job)
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Accepted {
    job_id: String,
    state: &'static str,
}

/// `POST /v1/jobs`
pub(super) async fn submit(
    Shared(mut api): Shared<Api>,
    Submission { circuit, spec }: Submission,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Accepted>), ApiError> {
    let options = rpc::DriverOptions {
        seed: spec.seed(),
        mode: FaultMode::to_wire(spec.mode()).into(),
    };
    let id = JobId::generate();
    let request = rpc::SubmitRequest {
        job_id: id.to_string(),
        source: circuit,
        shots: spec.shots(),
        driver: spec.driver().as_str().to_owned(),
        options: Some(options),
    };
    let submit = async {
        tracing::info!("submitting a job");
        api.kernel.submit(link::request(request, api.timeout)).await
    };
    let job = Ids::current().with(&id).around(submit).await?.into_inner();
    let location = format!("/v1/jobs/{}", job.job_id);
    let accepted = Accepted {
        state: state(job.state)?,
        job_id: job.job_id,
    };
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(accepted)))
}

#[derive(Debug, Serialize)]
pub(super) struct Shown {
    job_id: String,
    state: &'static str,
    driver: String,
    shots: u32,
    cancelled_gates: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    device_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<BTreeMap<String, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_kind: Option<String>,
}

/// `GET /v1/jobs/{id}`
pub(super) async fn show(
    Shared(mut api): Shared<Api>,
    JobPath(id): JobPath,
) -> Result<Json<Shown>, ApiError> {
    let request = link::request(
        rpc::GetRequest {
            job_id: id.to_string(),
        },
        api.timeout,
    );
    let job = api.kernel.get(request).await?.into_inner();
    let (error, error_kind) = job
        .failure
        .map(|failure| (failure.message, failure.kind))
        .unzip();
    Ok(Json(Shown {
        state: state(job.state)?,
        job_id: job.job_id,
        driver: job.driver,
        shots: job.shots,
        cancelled_gates: job.cancelled_gates,
        device_id: job.device_id,
        counts: job.counts.map(|counts| {
            counts
                .entries
                .into_iter()
                .map(|entry| (entry.bits, entry.count))
                .collect()
        }),
        error,
        error_kind,
    }))
}

pub(super) async fn unknown_route() -> ApiError {
    let message = "there is nothing here; jobs are at /v1/jobs";
    ApiError::refused(ErrorKind::UnknownRoute, "no such route", message)
}

pub(super) async fn wrong_method() -> ApiError {
    let message = "this method is not for this path; the header `allow` says which are";
    ApiError::refused(
        ErrorKind::MethodNotAllowed,
        "not a method of the route",
        message,
    )
}

fn state(number: i32) -> Result<&'static str, ApiError> {
    let state = State::from_wire(number);
    state
        .map(State::as_str)
        .ok_or_else(|| ApiError::nonsense("the kernel told a state that cannot be"))
}
