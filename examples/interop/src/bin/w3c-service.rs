//! The service that the official W3C trace-context harness drives.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use interop::{
    http::relay,
    process::{self, Process, ProcessError},
};

/// Makes the calls that each `POST /test` asks for.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9112")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("w3c-service", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let (process, listener) = Process::start("w3c-service", args.listen).await?;
    let server = axum::serve(listener, relay()).with_graceful_shutdown(process.stopped());
    process.run(async move { server.await }).await
}
