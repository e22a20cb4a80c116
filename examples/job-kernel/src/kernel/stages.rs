//! The stages of a job: what each does, and the one place that leads a job through one.

use std::{future::Future, time::Duration};

use super::{Failure, FailureKind, Job, Stage, State, eigen};
use crate::{
    driver_manager::FaultMode,
    job::{JobId, JobSpec},
    link::{self, Link},
    rpc::{self, compiler_client::CompilerClient, driver_manager_client::DriverManagerClient},
};

/// The programs that the kernel calls.
#[derive(Debug, Clone)]
pub struct Peers {
    /// Where circuits are compiled.
    pub compiler: CompilerClient<Link>,
    /// Where programs run.
    pub driver_manager: DriverManagerClient<Link>,
}

/// How long the kernel waits for each of them.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a compilation.
    pub compile: Duration,
    /// For the list of devices.
    pub schedule: Duration,
    /// For a run.
    pub execute: Duration,
}

/// Leads a job through a stage: every stage goes through here. A failure fails the job.
pub(super) async fn stage<T>(
    job: &Job,
    stage: Stage,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let work = async {
        let result = work.await;
        if let Err(failure) = &result {
            job.transition(State::Failed, stage, |record| {
                record.failure = Some(failure.clone())
            })?;
        }
        result
    };
    throughline_job::stage(eigen::eigen_kernel_stage_duration_seconds, stage, work).await
}

pub(super) async fn validate(job: &Job, request: &rpc::SubmitRequest) -> Result<JobSpec, Failure> {
    let options = request.options.unwrap_or_default();
    let mode = FaultMode::from_wire(options.mode());
    let spec = JobSpec::new(&request.driver, request.shots.into(), options.seed, mode)
        .map_err(Failure::invalid)?;
    job.transition(State::Validated, Stage::Validate, |record| {
        record.spec = Some(spec)
    })?;
    Ok(spec)
}

pub(super) async fn compile(
    job: &Job,
    mut peers: Peers,
    source: String,
    timeout: Duration,
) -> Result<rpc::Program, Failure> {
    let request = link::request(rpc::CompileRequest { source }, timeout);
    let program = peers
        .compiler
        .compile(request)
        .await
        .map_err(Failure::of_compiler)?
        .into_inner();
    job.transition(State::Compiled, Stage::Compile, |record| {
        record.cancelled_gates = program.cancelled_gates
    })?;
    Ok(program)
}

pub(super) async fn schedule(
    job: &Job,
    mut peers: Peers,
    spec: JobSpec,
    qubits: u32,
    timeout: Duration,
) -> Result<(), Failure> {
    let request = link::request(rpc::ListRequest {}, timeout);
    let devices = peers
        .driver_manager
        .list(request)
        .await
        .map_err(Failure::of_driver)?
        .into_inner()
        .devices;
    let device = devices
        .into_iter()
        .find(|device| {
            device.driver == spec.driver().as_str()
                && qubits <= device.max_qubits
                && spec.shots() <= device.max_shots
        })
        .ok_or_else(|| Failure::new(FailureKind::NoDevice))?;
    job.transition(State::Scheduled, Stage::Schedule, |record| {
        record.device_id = Some(device.device_id)
    })?;
    Ok(())
}

pub(super) async fn execute(
    job: &Job,
    mut peers: Peers,
    spec: JobSpec,
    program: rpc::Program,
    timeout: Duration,
) -> Result<rpc::Counts, Failure> {
    job.transition(State::Running, Stage::Execute, |_| {})?;
    let options = rpc::DriverOptions {
        seed: spec.seed(),
        mode: FaultMode::to_wire(spec.mode()).into(),
    };
    let request = rpc::ExecuteRequest {
        driver: spec.driver().as_str().to_owned(),
        program: Some(program),
        shots: spec.shots(),
        options: Some(options),
    };
    let counts = peers
        .driver_manager
        .execute(link::request(request, timeout))
        .await;
    counts
        .map(tonic::Response::into_inner)
        .map_err(Failure::of_driver)
}

/// Keeps the counts if they can be those of the job: each shot in one bit string of the right length.
pub(super) async fn collect(
    job: &Job,
    spec: JobSpec,
    bits: u32,
    counts: rpc::Counts,
) -> Result<(), Failure> {
    job.transition(State::Collecting, Stage::Collect, |_| {})?;
    let mut shots = 0_u64;
    for entry in &counts.entries {
        let word = entry.bits.len() == bits as usize
            && entry.bits.bytes().all(|b| matches!(b, b'0' | b'1'));
        shots = shots
            .checked_add(entry.count)
            .filter(|_| word)
            .ok_or_else(|| Failure::new(FailureKind::BadResult))?;
    }
    if shots != u64::from(spec.shots()) {
        return Err(Failure::new(FailureKind::BadResult));
    }
    job.transition(State::Completed, Stage::Collect, |record| {
        record.counts = Some(counts)
    })?;
    Ok(())
}

/// The job's id, before there is a job.
pub(super) fn job_id(text: &str) -> Result<JobId, Failure> {
    JobId::parse(text).map_err(|why| Failure::invalid(format!("`job_id`: {why}")))
}
