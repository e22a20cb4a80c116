//! Jobs to protobuf, and states and stages back.

use throughline_catalog::Label;

use super::{Job, Stage, State, Transition};
use crate::{job::JobId, rpc};

impl State {
    /// Reads the protobuf enum's number.
    #[must_use]
    pub fn from_wire(number: i32) -> Option<Self> {
        from_wire(Self::ALL, number)
    }
}

impl Stage {
    /// Reads the protobuf enum's number.
    #[must_use]
    pub fn from_wire(number: i32) -> Option<Self> {
        from_wire(Self::ALL, number)
    }
}

pub(super) fn job(job: &Job) -> rpc::Job {
    let record = job.record();
    rpc::Job {
        job_id: job.id().to_string(),
        state: to_wire(record.state),
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
        from: to_wire(transition.from),
        to: to_wire(transition.to),
        stage: to_wire(transition.stage),
    }
}

/// Protobuf's 0 is "unspecified"; our first value is 1.
fn to_wire(value: impl Label) -> i32 {
    i32::try_from(value.index() + 1).expect("there are few values")
}

fn from_wire<T: Copy>(all: &[T], number: i32) -> Option<T> {
    all.get(usize::try_from(number).ok()?.checked_sub(1)?)
        .copied()
}
