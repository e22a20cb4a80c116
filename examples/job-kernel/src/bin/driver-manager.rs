//! The driver manager: runs programs on the drivers it has, over gRPC.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use job_kernel::{
    driver_manager::DriverService,
    process::{self, ProcessError, Stop},
    rpc::driver_manager_server::DriverManagerServer,
};
use tonic::transport::{Server, server::TcpIncoming};

/// Runs quantum programs on drivers.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9102")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("driver-manager", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let stop = Stop::on_signals()?;
    let (listener, addr) = process::listen(args.listen).await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));

    let server = Server::builder()
        .add_service(DriverManagerServer::new(DriverService::default()))
        .serve_with_incoming_shutdown(incoming, stop.wished());

    process::ready(addr);
    stop.drain(server).await
}
