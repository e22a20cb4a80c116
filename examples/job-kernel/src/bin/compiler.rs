//! The compiler: circuits in, programs out, over gRPC.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use job_kernel::{
    compiler::CompilerService,
    process::{self, ProcessError, Stop},
    rpc::compiler_server::CompilerServer,
    telemetry,
};
use throughline_correlation::{Key, RequestIdLayer};
use throughline_grpc::ServerLayer;
use tonic::transport::{Server, server::TcpIncoming};

/// Compiles quantum circuits.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9103")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("compiler", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let stop = Stop::on_signals()?;
    let telemetry = telemetry::of("compiler").start().await?;
    let (listener, addr) = process::listen(args.listen).await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));

    let server = Server::builder()
        .layer(RequestIdLayer::new().accept([Key::Job]))
        .layer(ServerLayer::new().trace())
        .add_service(CompilerServer::new(CompilerService))
        .serve_with_incoming_shutdown(incoming, stop.wished());

    process::ready(addr);
    stop.drain(server, telemetry).await
}
