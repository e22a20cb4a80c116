//! The driver manager: runs programs on the drivers it has, over gRPC.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use job_kernel::{
    driver_manager::{DriverService, eigen},
    process::{self, ProcessError, Stop},
    rpc::driver_manager_server::DriverManagerServer,
    telemetry,
};
use throughline_correlation::{Key, RequestIdLayer};
use throughline_grpc::ServerLayer;
use tonic::transport::{Server, server::TcpIncoming};

/// Runs quantum programs on drivers.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9102")]
    listen: SocketAddr,
    /// Address of the metrics page; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9092")]
    metrics_listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("driver-manager", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let stop = Stop::on_signals()?;
    let telemetry = telemetry::of("driver-manager")
        .catalogue_from_zero(eigen::CATALOGUE)
        .metrics_address(args.metrics_listen)
        .start()
        .await?;
    let (listener, addr) = process::listen(args.listen).await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));

    let server = Server::builder()
        .layer(RequestIdLayer::new().accept([Key::Job]))
        .layer(ServerLayer::new().trace())
        .add_service(DriverManagerServer::new(DriverService::default()))
        .serve_with_incoming_shutdown(incoming, stop.wished());

    process::ready(addr);
    stop.drain(server, telemetry).await
}
