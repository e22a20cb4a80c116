//! Echo over gRPC: tells what arrives, and passes it on.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use http::Uri;
use interop::{
    grpc::{self, Echo, rpc::echo_server::EchoServer},
    process::{self, Process, ProcessError, parse_url},
    suite::{EchoMetadata, EchoMetadataLayer, Suite, rpc::test_service_server::TestServiceServer},
};
use throughline_correlation::RequestIdLayer;
use throughline_grpc::ServerLayer;
use tonic::transport::{Server, server::TcpIncoming};
use tower::Layer;

/// Answers each call with what arrived of it.
#[derive(Debug, Parser)]
struct Args {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9110")]
    listen: SocketAddr,
    /// Whom to pass each call on to.
    #[arg(long, value_name = "ADDR", value_parser = parse_url)]
    forward: Option<Uri>,
    /// Leave our layers out.
    #[arg(long)]
    bare: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    process::exit("grpc-echo", run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ProcessError> {
    let (process, listener) = Process::start("grpc-echo", args.listen).await?;
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let stopped = process.stopped();
    if args.bare {
        let next = args.forward.map(grpc::connect_bare).transpose()?;
        let server = Server::builder()
            .add_service(EchoServer::new(Echo::new(next)))
            .add_service(suite());
        process
            .run(server.serve_with_incoming_shutdown(incoming, stopped))
            .await
    } else {
        let next = args.forward.map(grpc::connect).transpose()?;
        let server = Server::builder()
            .layer(RequestIdLayer::new())
            .layer(ServerLayer::new().trace())
            .add_service(EchoServer::new(Echo::new(next)))
            .add_service(suite());
        process
            .run(server.serve_with_incoming_shutdown(incoming, stopped))
            .await
    }
}

/// The service of the official interop suite.
fn suite() -> EchoMetadata<TestServiceServer<Suite>> {
    EchoMetadataLayer.layer(TestServiceServer::new(Suite))
}
