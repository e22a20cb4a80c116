//! The service of the official gRPC interop suite.

mod metadata;
mod server;

pub use self::metadata::{EchoMetadata, EchoMetadataLayer};
pub use self::server::Suite;

/// The suite's contract, generated from `proto/`.
pub mod rpc {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::pedantic,
        clippy::restriction
    )]

    tonic::include_proto!("grpc.testing");
}
