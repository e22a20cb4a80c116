//! The driver manager over gRPC.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use throughline_fault::Fault;
use throughline_grpc::with_fault;
use throughline_job::operation;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use super::{
    Driver, FaultMode, StateVector,
    catalogue::{Op, REQUESTS},
    sample,
};
use crate::{
    circuit::{Circuit, MAX_QUBITS},
    job::{JobSpec, MAX_SHOTS},
    rpc::{self, driver_manager_server::DriverManager},
};

/// Answers `Execute` and `List`.
#[derive(Debug, Clone)]
pub struct DriverService {
    /// One simulation for each processor; more would only take each other's time.
    simulators: Arc<Semaphore>,
}

impl Default for DriverService {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self {
            simulators: Arc::new(Semaphore::new(processors)),
        }
    }
}

#[tonic::async_trait]
impl DriverManager for DriverService {
    async fn execute(
        &self,
        request: Request<rpc::ExecuteRequest>,
    ) -> Result<Response<rpc::Counts>, Status> {
        let request = request.into_inner();
        let options = request.options.unwrap_or_default();
        let mode = FaultMode::from_wire(options.mode());
        let spec = JobSpec::new(&request.driver, request.shots.into(), options.seed, mode)
            .map_err(refused)?;
        let program = request
            .program
            .ok_or_else(|| refused("there is no program"))?;
        let circuit = Circuit::from_program(&program).map_err(refused)?;
        let driver = spec.driver();
        tracing::info!(
            device_id = driver.device_id(),
            "running {} shots",
            spec.shots()
        );
        let counts = operation(REQUESTS, (driver, Op::Execute), self.run(circuit, spec));
        Ok(Response::new(counts.await?))
    }

    async fn list(
        &self,
        _: Request<rpc::ListRequest>,
    ) -> Result<Response<rpc::ListResponse>, Status> {
        let devices = Driver::ALL.iter().copied().map(device).collect();
        Ok(Response::new(rpc::ListResponse { devices }))
    }
}

impl DriverService {
    async fn run(&self, circuit: Circuit, spec: JobSpec) -> Result<rpc::Counts, Status> {
        match spec.driver() {
            Driver::Statevector => self.simulate(circuit, spec).await,
            Driver::Faulty => fault(spec.mode().unwrap_or(FaultMode::Fail)).await,
        }
    }

    /// Runs a circuit on a thread of its own; stops soon after the caller has gone.
    async fn simulate(&self, circuit: Circuit, spec: JobSpec) -> Result<rpc::Counts, Status> {
        let simulator = Arc::clone(&self.simulators).acquire_owned().await;
        let simulator = simulator.expect("the semaphore is never closed");
        let caller = Caller::default();
        let gone = Arc::clone(&caller.gone);
        let run = tokio::task::spawn_blocking(move || {
            let _simulator = simulator;
            let mut state = StateVector::new(circuit.qubits);
            state.run(&circuit.gates, || gone.load(Ordering::Relaxed))?;
            Ok(sample(&state, &circuit, spec.shots(), spec.seed()))
        });
        run.await
            .map_err(|why| {
                let fault = Fault::error("simulator_failed", why);
                with_fault(Status::internal("the simulator failed"), &fault)
            })?
            .map_err(|why: super::Cancelled| Status::cancelled(why.to_string()))
    }
}

/// Tells the simulator, by being dropped, that nobody waits any more.
#[derive(Debug, Default)]
struct Caller {
    gone: Arc<AtomicBool>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// What a caller asks for that cannot be run.
fn refused(why: impl Into<Box<dyn Error + Send + Sync>>) -> Status {
    let fault = Fault::warning("bad_request", why);
    with_fault(Status::invalid_argument(fault.to_string()), &fault)
}

async fn fault(mode: FaultMode) -> Result<rpc::Counts, Status> {
    match mode {
        FaultMode::Fail => {
            let fault = Fault::error("device_fault", "the device reported a fault");
            Err(with_fault(Status::internal(fault.to_string()), &fault))
        }
        // Until the caller hangs up or its deadline passes.
        FaultMode::Stall => std::future::pending().await,
    }
}

fn device(driver: Driver) -> rpc::Device {
    rpc::Device {
        driver: driver.as_str().to_owned(),
        device_id: driver.device_id().to_owned(),
        max_qubits: u32::try_from(MAX_QUBITS).expect("it is a small number"),
        max_shots: MAX_SHOTS,
    }
}
