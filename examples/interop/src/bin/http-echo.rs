//! Echo over HTTP: tells what arrives, and passes it on.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use http::Uri;
use interop::{
    http::echo,
    process::{self, Process, ProcessError, parse_url},
};

/// Answers each `POST /echo` with what arrived of it.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9111")]
    listen: SocketAddr,
    /// Whom to pass each request on to.
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    forward: Option<Uri>,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("http-echo", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let (process, listener) = Process::start("http-echo", args.listen).await?;
    let server =
        axum::serve(listener, echo(args.forward)).with_graceful_shutdown(process.stopped());
    process.run(async move { server.await }).await
}
