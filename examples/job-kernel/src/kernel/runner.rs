//! The stages that run after `Submit` has answered.

use std::sync::Arc;

use throughline_job::job;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Failure, FailureKind, Job, Peers, Stage, State, Table, Timeouts,
    stages::{collect, execute, schedule, stage},
};
use crate::{job::JobSpec, rpc};

/// A compiled job on its way. However the way ends, also by a panic or by the end of the program,
/// the job is in a terminal state afterwards and its place is free.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) job: Arc<Job>,
    pub(super) table: Arc<Table>,
    #[expect(dead_code, reason = "held, not read")]
    pub(super) permits: [OwnedSemaphorePermit; 2],
}

impl Running {
    /// Leads the job to its end; how it ended stands in its record.
    pub(super) async fn run(
        self,
        peers: Peers,
        timeouts: Timeouts,
        spec: JobSpec,
        program: rpc::Program,
    ) {
        // A failure is in the job's record already, where its submitter finds it.
        let id = self.job.id().clone();
        let _ = job("run job", &id, self.stages(peers, timeouts, spec, program)).await;
    }

    async fn stages(
        &self,
        peers: Peers,
        timeouts: Timeouts,
        spec: JobSpec,
        program: rpc::Program,
    ) -> Result<(), Failure> {
        let job = &*self.job;
        let (qubits, bits) = (program.qubits, program.bits);
        stage(
            job,
            Stage::Schedule,
            schedule(job, peers.clone(), spec, qubits, timeouts.schedule),
        )
        .await?;
        let counts = stage(
            job,
            Stage::Execute,
            execute(job, peers, spec, program, timeouts.execute),
        )
        .await?;
        stage(job, Stage::Collect, collect(job, spec, bits, counts)).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let underway = match self.job.state() {
            State::Submitted => Some(Stage::Validate),
            State::Validated => Some(Stage::Compile),
            State::Compiled => Some(Stage::Schedule),
            State::Scheduled | State::Running => Some(Stage::Execute),
            State::Collecting => Some(Stage::Collect),
            State::Completed | State::Failed => None,
        };
        if let Some(stage) = underway {
            let failure = Failure::new(FailureKind::Interrupted);
            // Nobody else moves this job, so its state is still the one just read.
            let _ = self.job.transition(State::Failed, stage, |record| {
                record.failure = Some(failure)
            });
        }
        self.table.finished(&self.job);
    }
}
