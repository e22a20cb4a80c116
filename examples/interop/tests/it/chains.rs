//! Three services in a row, with ours in the middle, and with ours at both ends.

use xtask::otlp::Receiver;

use crate::{
    harness::{
        Chain,
        Language::{self, Go, Node, Python, Rust},
        Protocol::{self, Grpc, Http},
    },
    hops::{check, check_from_the_root},
};

/// A trace that comes from outside, and one that begins at the first service.
async fn in_a_row(protocol: Protocol, languages: [Language; 3]) {
    let receiver = Receiver::start().await.unwrap();
    let Some(chain) = Chain::start(protocol, &languages, Some(receiver)).await else {
        return;
    };
    check(&chain, 3).await;
    check_from_the_root(&chain).await;
    chain.stop().await;
}

macro_rules! chains {
    ($($name:ident: $protocol:ident, [$($language:ident),*];)*) => {$(
        #[tokio::test]
        async fn $name() {
            in_a_row($protocol, [$($language),*]).await;
        }
    )*};
}

chains! {
    python_rust_node_over_grpc: Grpc, [Python, Rust, Node];
    node_rust_go_over_grpc: Grpc, [Node, Rust, Go];
    go_rust_python_over_grpc: Grpc, [Go, Rust, Python];
    p14_rust_python_rust_over_grpc: Grpc, [Rust, Python, Rust];
    rust_node_rust_over_grpc: Grpc, [Rust, Node, Rust];
    rust_go_rust_over_grpc: Grpc, [Rust, Go, Rust];
    python_rust_node_over_http: Http, [Python, Rust, Node];
    node_rust_go_over_http: Http, [Node, Rust, Go];
    go_rust_python_over_http: Http, [Go, Rust, Python];
    p14_rust_python_rust_over_http: Http, [Rust, Python, Rust];
    rust_node_rust_over_http: Http, [Rust, Node, Rust];
    rust_go_rust_over_http: Http, [Rust, Go, Rust];
}
