//! Every language calls every other, both ways, over both protocols.

use xtask::otlp::Receiver;

use crate::{
    harness::{
        Chain,
        Language::{self, Go, Node, Python, Rust},
        Protocol::{self, Grpc, Http},
    },
    hops::check,
};

/// Sampled with the random bit, as Python and Java send it, and without, as Node and Go do.
const SAMPLED: [u8; 2] = [3, 1];

/// Neither sampled, nor sampled with the random bit.
const UNSAMPLED: [u8; 2] = [0, 2];

/// Either calls the other, in traces that are recorded and in traces that are not.
async fn both_ways(protocol: Protocol, one: Language, other: Language) {
    let ours = [one, other].contains(&Rust);
    for languages in [[one, other], [other, one]] {
        let receiver = Receiver::start().await.unwrap();
        let Some(chain) = Chain::start(protocol, &languages, Some(receiver)).await else {
            return;
        };
        for flags in SAMPLED {
            check(&chain, flags).await;
        }
        chain.stop().await;
        if ours {
            let chain = Chain::start(protocol, &languages, None).await;
            let chain = chain.expect("it was there before");
            for flags in UNSAMPLED.into_iter().chain(SAMPLED) {
                check(&chain, flags).await;
            }
            chain.stop().await;
        }
    }
}

macro_rules! pairs {
    ($($name:ident: $protocol:ident, $one:ident, $other:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            both_ways($protocol, $one, $other).await;
        }
    )*};
}

pairs! {
    rust_and_rust_over_grpc: Grpc, Rust, Rust;
    p1_p2_rust_and_python_over_grpc: Grpc, Rust, Python;
    p4_rust_and_node_over_grpc: Grpc, Rust, Node;
    p1_p2_rust_and_go_over_grpc: Grpc, Rust, Go;
    python_and_node_over_grpc: Grpc, Python, Node;
    python_and_go_over_grpc: Grpc, Python, Go;
    node_and_go_over_grpc: Grpc, Node, Go;
    rust_and_rust_over_http: Http, Rust, Rust;
    rust_and_python_over_http: Http, Rust, Python;
    rust_and_node_over_http: Http, Rust, Node;
    rust_and_go_over_http: Http, Rust, Go;
    python_and_node_over_http: Http, Python, Node;
    python_and_go_over_http: Http, Python, Go;
    node_and_go_over_http: Http, Node, Go;
}
