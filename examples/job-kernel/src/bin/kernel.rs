//! The kernel: leads jobs through their stages, over gRPC.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use clap::Parser;
use job_kernel::{
    kernel::{KernelService, Limits, Peers, Timeouts, eigen},
    link,
    process::{self, ProcessError, Stop},
    rpc::{
        compiler_client::CompilerClient, driver_manager_client::DriverManagerClient,
        kernel_server::KernelServer,
    },
    telemetry,
};
use throughline_correlation::{Key, RequestIdLayer};
use throughline_grpc::ServerLayer;
use tonic::transport::{Endpoint, Server, server::TcpIncoming};

/// Leads quantum jobs through their stages.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9101")]
    listen: SocketAddr,
    /// Address of the metrics page; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9091")]
    metrics_listen: SocketAddr,
    /// Where the compiler is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9103", value_parser = link::parse_peer)]
    compiler: Endpoint,
    /// Where the driver manager is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9102", value_parser = link::parse_peer)]
    driver_manager: Endpoint,
    /// How long to wait for a compilation.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = link::parse_timeout)]
    compile_timeout: Duration,
    /// How long to wait for the list of devices.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = link::parse_timeout)]
    schedule_timeout: Duration,
    /// How long to wait for a run.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = link::parse_timeout)]
    execute_timeout: Duration,
    /// Most jobs that run at once; more are refused.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = link::parse_count)]
    max_running: usize,
    /// Most finished jobs to keep; the oldest go first.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = link::parse_count)]
    keep_finished: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("kernel", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let stop = Stop::on_signals()?;
    let telemetry = telemetry::of("kernel")
        .catalogue(eigen::CATALOGUE)
        .metrics_address(args.metrics_listen)
        .start()
        .await?;
    let (listener, addr) = process::listen(args.listen).await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));

    let peers = Peers {
        compiler: CompilerClient::new(link::connect(&args.compiler)),
        driver_manager: DriverManagerClient::new(link::connect(&args.driver_manager)),
    };
    let timeouts = Timeouts {
        compile: args.compile_timeout,
        schedule: args.schedule_timeout,
        execute: args.execute_timeout,
    };
    let limits = Limits {
        running: args.max_running,
        finished: args.keep_finished,
    };

    let kernel = KernelService::new(peers, timeouts, limits);
    let server = Server::builder()
        .layer(RequestIdLayer::new().accept([Key::Job]))
        .layer(ServerLayer::new().trace())
        .add_service(KernelServer::new(kernel))
        .serve_with_incoming_shutdown(incoming, stop.wished());

    process::ready(addr);
    stop.drain(server, telemetry).await
}
