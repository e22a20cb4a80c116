//! Messages and bytes as gRPC's own instrumentation at the other end counts them (gRFC A66).

use serde_json::json;

use super::{
    ledger::{self, Ledger},
    near::{self, Near, STREAM, UNARY},
    peer::Peer,
    traces::Trace,
};
use crate::harness::{LONG, Language::Go};

const SIZE: usize = 10_000;

/// Waits until the peer has counted so much, which it does after its caller has the answer.
async fn until_counted(peer: &Peer, side: &str, sent: f64, received: f64) {
    let mut driver = peer.driver().await;
    let mut last = json!(null);
    let wait = async {
        loop {
            let sizes = driver.sizes().await;
            let counted = ["sent", "rcvd"].map(|way| {
                sizes[format!("grpc.{side}.{way}_total_compressed_message_size")].as_f64()
            });
            if counted == [Some(sent), Some(received)] {
                return;
            }
            last = sizes;
        }
    };
    let waited = tokio::time::timeout(LONG / 3, wait).await;
    assert!(
        waited.is_ok(),
        "sent {sent} and received {received} of {last:#}"
    );
}

#[tokio::test]
async fn p13_go_counts_what_we_send_it_and_get() {
    for gzip in [false, true] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let own = ["--own".to_owned()];
        let Some(peer) = Peer::with(Go, &own).await else {
            return;
        };
        let mut client = near::client(peer.address).await;
        if gzip {
            client = client.send_compressed(tonic::codec::CompressionEncoding::Gzip);
        }
        let ask = json!({"size": SIZE, "messages": 5, "gzip": gzip}).to_string();
        for _ in 0..3 {
            client.unary(ask.clone()).await.unwrap();
            let mut messages = client.stream(ask.clone()).await.unwrap().into_inner();
            while messages.message().await.unwrap().is_some() {}
        }
        ledger
            .assert(
                "client",
                &[
                    (UNARY, "OK", "completed", 3),
                    (STREAM, "OK", "completed", 3),
                ],
            )
            .await;
        let of = |what: &str| ledger.count(&format!("rpc_client_{what}_total{{}}"));
        assert_eq!(of("messages_sent"), 6.0);
        assert_eq!(of("messages_received"), 18.0);
        let (sent, received) = (of("sent_bytes"), of("received_bytes"));
        assert_eq!(received < (18 * SIZE) as f64, gzip, "{received}");
        until_counted(&peer, "server.call", received, sent).await;
        peer.stop().await;
    }
}

#[tokio::test]
async fn p13_go_counts_what_it_sends_us_and_gets() {
    for gzip in [false, true] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let near = Near::with(ledger::server(), gzip, None).await;
        let args = ["--own".to_owned(), format!("--forward={}", near.address)];
        let Some(peer) = Peer::with(Go, &args).await else {
            return;
        };
        let ask = json!({"size": SIZE, "messages": 5});
        for method in ["Unary", "Stream"] {
            let order = json!({"method": method, "ask": ask, "gzip": gzip, "times": 3});
            let results = peer.driver().await.run(&Trace::new(), order).await.unwrap();
            let count = if method == "Unary" { 1 } else { 5 };
            assert_eq!(results, [(0, count); 3]);
        }
        ledger
            .assert(
                "server",
                &[
                    (UNARY, "OK", "completed", 3),
                    (STREAM, "OK", "completed", 3),
                ],
            )
            .await;
        let of = |what: &str| ledger.count(&format!("rpc_server_{what}_total{{}}"));
        assert_eq!(of("messages_received"), 6.0);
        assert_eq!(of("messages_sent"), 18.0);
        let (sent, received) = (of("sent_bytes"), of("received_bytes"));
        assert_eq!(sent < (18 * SIZE) as f64, gzip, "{sent}");
        until_counted(&peer, "client.attempt", received, sent).await;
        peer.stop().await;
    }
}
