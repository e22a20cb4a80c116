//! The kernel over gRPC.

use std::{pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt as _};
use throughline_context::spawn;
use throughline_fault::Fault;
use throughline_grpc::with_fault;
use tokio::sync::{Semaphore, TryAcquireError};
use tonic::{Request, Response, Status};

use super::{
    Failure, Job, Peers, Stage, Table, Timeouts,
    runner::Running,
    stages::{compile, job_id, stage, validate},
    wire,
};
use crate::{
    job::JobId,
    rpc::{self, kernel_server::Kernel},
};

/// Most gates of all running jobs together: some 200 MB.
const MAX_RUNNING_GATES: usize = 2_000_000;

/// How much the kernel holds at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most jobs that are not finished.
    pub running: usize,
    /// Most finished jobs that can still be asked for.
    pub finished: usize,
}

/// Answers `Submit`, `Get` and `Watch`.
#[derive(Debug, Clone)]
pub struct KernelService {
    peers: Peers,
    timeouts: Timeouts,
    table: Arc<Table>,
    running: Arc<Semaphore>,
    gates: Arc<Semaphore>,
}

impl KernelService {
    /// A kernel without jobs.
    #[must_use]
    pub fn new(peers: Peers, timeouts: Timeouts, limits: Limits) -> Self {
        Self {
            peers,
            timeouts,
            table: Arc::new(Table::new(limits.finished)),
            running: Arc::new(Semaphore::new(limits.running)),
            gates: Arc::new(Semaphore::new(MAX_RUNNING_GATES)),
        }
    }

    /// Validates and compiles, so that a mistake is told at once; then lets the job run.
    ///
    /// A job is in the table only once it is compiled: its submitter has the error of one that is
    /// not, and a wave of bad circuits displaces nobody's results.
    async fn submit(&self, mut request: rpc::SubmitRequest) -> Result<Arc<Job>, Status> {
        let slot = Arc::clone(&self.running)
            .try_acquire_owned()
            .map_err(too_many)?;
        let id = job_id(&request.job_id).map_err(Failure::into_status)?;
        let job = Job::new(id);
        let spec = stage(&job, Stage::Validate, validate(&job, &request))
            .await
            .map_err(Failure::into_status)?;
        let source = std::mem::take(&mut request.source);
        let work = compile(&job, self.peers.clone(), source, self.timeouts.compile);
        let program = stage(&job, Stage::Compile, work)
            .await
            .map_err(Failure::into_status)?;

        // More than there can ever be is as much too many.
        let size = u32::try_from(program.gates.len()).unwrap_or(u32::MAX);
        let gates = Arc::clone(&self.gates)
            .try_acquire_many_owned(size)
            .map_err(too_many)?;
        let job = self.table.insert(job).map_err(|why| {
            let status = Status::already_exists(why.to_string());
            with_fault(status, Fault::warning("id_taken", why))
        })?;
        let running = Running {
            job: Arc::clone(&job),
            table: Arc::clone(&self.table),
            permits: [slot, gates],
        };
        spawn(running.run(self.peers.clone(), self.timeouts, spec, program));
        Ok(job)
    }

    fn find(&self, id: &str) -> Result<Arc<Job>, Status> {
        let job = JobId::parse(id).ok().and_then(|id| self.table.get(&id));
        job.ok_or_else(|| Status::not_found("there is no such job"))
    }
}

#[tonic::async_trait]
impl Kernel for KernelService {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<rpc::Transition, Status>> + Send>>;

    async fn submit(
        &self,
        request: Request<rpc::SubmitRequest>,
    ) -> Result<Response<rpc::Job>, Status> {
        let job = self.submit(request.into_inner()).await?;
        Ok(Response::new(wire::job(&job)))
    }

    async fn get(&self, request: Request<rpc::GetRequest>) -> Result<Response<rpc::Job>, Status> {
        let job = self.find(&request.into_inner().job_id)?;
        Ok(Response::new(wire::job(&job)))
    }

    async fn watch(
        &self,
        request: Request<rpc::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let job = self.find(&request.into_inner().job_id)?;
        let id = job.id().clone();
        let transitions = job
            .transitions()
            .map(move |transition| Ok(wire::transition(&id, &transition)));
        Ok(Response::new(Box::pin(transitions)))
    }
}

fn too_many(_: TryAcquireError) -> Status {
    let status = Status::resource_exhausted("too many jobs are running; try again later");
    with_fault(status, Fault::warning("busy", "too many jobs are running"))
}
