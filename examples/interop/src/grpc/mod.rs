//! Echo over gRPC.

mod echo;
mod link;

pub use self::echo::Echo;
pub use self::link::{Bare, Link, connect, connect_bare};

/// The contract, generated from `proto/`.
pub mod rpc {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::pedantic,
        clippy::restriction
    )]

    tonic::include_proto!("throughline.interop.v1");
}
