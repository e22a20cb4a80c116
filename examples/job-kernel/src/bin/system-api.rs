//! The System API: takes jobs and shows them, over HTTP and JSON.

use std::{future::IntoFuture as _, net::SocketAddr, process::ExitCode, time::Duration};

use axum::serve::ListenerExt as _;
use clap::Parser;
use job_kernel::{
    link,
    process::{self, ProcessError, Stop},
    rpc::kernel_client::KernelClient,
    system_api::{Api, eigen, routes},
    telemetry,
};
use throughline_correlation::RequestIdLayer;
use throughline_http::ServerLayer;
use tonic::transport::Endpoint;

/// Takes quantum jobs and shows them.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: SocketAddr,
    /// Address of the metrics page; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    metrics_listen: SocketAddr,
    /// Where the kernel is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9101", value_parser = link::parse_peer)]
    kernel: Endpoint,
    /// How long to wait for the kernel's answer.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = link::parse_timeout)]
    kernel_timeout: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("system-api", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let stop = Stop::on_signals()?;
    let telemetry = telemetry::of("system-api")
        .catalogue(eigen::CATALOGUE)
        .metrics_address(args.metrics_listen)
        .start()
        .await?;
    let (listener, addr) = process::listen(args.listen).await?;
    let incoming = listener.tap_io(|stream| {
        // A connection that cannot is a slower one, no worse.
        let _ = stream.set_nodelay(true);
    });

    let api = Api {
        kernel: KernelClient::new(link::connect(&args.kernel)),
        timeout: args.kernel_timeout,
    };
    let layer = ServerLayer::new()
        .traceresponse()
        .total(eigen::eigen_api_requests_total)
        .duration(eigen::eigen_api_request_duration_seconds);
    let app = routes(api).layer(layer).layer(RequestIdLayer::new());
    let server = axum::serve(incoming, app).with_graceful_shutdown(stop.wished());

    process::ready(addr);
    stop.drain(server.into_future(), telemetry).await
}
