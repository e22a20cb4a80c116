//! Jobs to protobuf, and states and stages back.

use super::{Job, Stage, State, Transition};
use crate::{job::JobId, rpc};

impl State {
    /// Reads the protobuf enum's number.
    #[must_use]
    pub fn from_wire(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|&state| state as i32 == number)
    }
}

impl Stage {
    /// Reads the protobuf enum's number.
    #[must_use]
    pub fn from_wire(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|&stage| stage as i32 == number)
    }
}

pub(super) fn job(job: &Job) -> rpc::Job {
    let record = job.record();
    rpc::Job {
        job_id: job.id().to_string(),
        state: record.state as i32,
        driver: record
            .spec
            .map(|spec| spec.driver().as_str().to_owned())
            .unwrap_or_default(),
        shots: record.spec.map(|spec| spec.shots()).unwrap_or_default(),
        cancelled_gates: record.cancelled_gates,
        device_id: record.device_id.unwrap_or_default(),
        counts: record.counts,
        failure: record.failure.map(|failure| rpc::JobFailure {
            kind: failure.kind().as_str().to_owned(),
            message: failure.to_string(),
        }),
    }
}

pub(super) fn transition(job: &JobId, transition: &Transition) -> rpc::Transition {
    rpc::Transition {
        time: Some(transition.time.into()),
        job_id: job.to_string(),
        from: transition.from as i32,
        to: transition.to as i32,
        stage: transition.stage as i32,
    }
}
