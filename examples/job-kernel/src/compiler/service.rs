//! The compiler over gRPC.

use throughline_fault::Fault;
use throughline_grpc::with_fault;
use tonic::{Request, Response, Status};

use super::{Compiled, compile};
use crate::rpc::{self, compiler_server::Compiler};

/// Answers `Compile`.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompilerService;

#[tonic::async_trait]
impl Compiler for CompilerService {
    async fn compile(
        &self,
        request: Request<rpc::CompileRequest>,
    ) -> Result<Response<rpc::Program>, Status> {
        let rpc::CompileRequest { source } = request.into_inner();
        // A large source takes some ten milliseconds, too long for a thread that serves others.
        let compiled = tokio::task::spawn_blocking(move || compile(&source))
            .await
            .map_err(|why| {
                let fault = Fault::error("compiler_failed", why);
                with_fault(Status::internal("the compiler failed"), fault)
            })?;
        let Compiled {
            circuit,
            cancelled_gates,
        } = compiled.map_err(|why| {
            let status = why.to_status();
            with_fault(status, Fault::warning(why.kind().as_str(), why))
        })?;
        tracing::info!("compiled; {cancelled_gates} gates cancelled");
        Ok(Response::new(circuit.to_program(cancelled_gates)))
    }
}
