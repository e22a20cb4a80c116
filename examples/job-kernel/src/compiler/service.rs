//! The compiler over gRPC.

use throughline_fault::Fault;
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
                let _ = Fault::error("compiler_failed", why);
                Status::internal("the compiler failed")
            })?;
        let Compiled {
            circuit,
            cancelled_gates,
        } = compiled.map_err(|why| {
            let status = why.to_status();
            let _ = Fault::warning(why.kind().as_str(), why);
            status
        })?;
        tracing::info!("compiled; {cancelled_gates} gates cancelled");
        Ok(Response::new(circuit.to_program(cancelled_gates)))
    }
}
