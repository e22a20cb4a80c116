//! Calls that end in every way there is, between our layers and grpcio, grpc-js and grpc-go with the
//! official instrumentation of their languages. Ours is in the test's process, where what it counts
//! and records can be read; the peer is a process of its own.

mod binary;
mod leaving;
mod ledger;
mod matrix;
mod near;
mod peer;
mod relay;
mod secrets;
mod sizes;
mod traces;

pub(crate) use ledger::{Ledger, client, server};
pub(crate) use traces::record;

/// One test for each peer.
macro_rules! each_peer {
    ($($name:ident: $test:path, $language:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            $test(crate::harness::Language::$language).await;
        }
    )*};
}
pub(crate) use each_peer;
