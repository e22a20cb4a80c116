//! What a caller sends in secret is in nothing that we write, whatever the allowlist says.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use serde_json::json;
use throughline_grpc::Capture;
use tracing_subscriber::fmt::MakeWriter;

use super::{
    each_peer,
    ledger::{self, Ledger},
    near::{Near, UNARY},
    peer::Peer,
    traces::Trace,
};
use crate::harness::Language;

/// Keys that tell secrets, and their values; and one that tells none.
const SENT: [(&str, &str); 4] = [
    ("authorization", "Bearer s3cret-one"),
    ("cookie", "session=s3cret-two"),
    ("x-api-key", "s3cret-three"),
    ("x-tenant-id", "tenant-seven"),
];

/// Keeps what is written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn sends_secrets(language: Language) {
    for allowed in [false, true] {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(lines.clone())
            .finish();
        let _subscribed = tracing::subscriber::set_default(subscriber);
        let ledger = Ledger::new();
        let _open = ledger.open();
        let mut layer = ledger::server().access_log();
        if allowed {
            layer = layer.capture(Capture::request(&["x-tenant-id"]));
            let refused = ["authorization", "cookie", "x-api-key"];
            for key in refused {
                assert!(Capture::from_config([key], []).is_err(), "{key}");
            }
        }
        let near = Near::with(layer, false, None).await;
        let Some(peer) = Peer::start(language, Some(near.address)).await else {
            return;
        };
        let trace = Trace::new();
        let order = json!({"method": "Unary", "ask": {"code": 16}, "metadata": SENT});
        let results = peer.driver().await.run(&trace, order).await.unwrap();
        assert_eq!(results, [(16, 0)]);
        ledger
            .assert("server", &[(UNARY, "UNAUTHENTICATED", "completed", 1)])
            .await;
        // They did arrive.
        let metadata = near.served().pop().unwrap().metadata;
        for (key, value) in SENT {
            assert_eq!(metadata.get(key).unwrap(), value);
        }

        let spans = format!("{:?}", trace.span());
        let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let counted = format!("{:?}", ledger.read());
        // Ours; what libraries trace for themselves is no business of a layer.
        let own = || logged.lines().filter(|line| line.contains("throughline"));
        assert!(
            own().any(|line| line.contains("UNAUTHENTICATED")),
            "{logged}"
        );
        for (key, value) in SENT {
            let shown = allowed && key == "x-tenant-id";
            assert_eq!(spans.contains(value), shown, "{spans}");
            for text in own().chain([counted.as_str()]) {
                assert!(!text.contains(value), "{text}");
            }
        }
        for text in [&spans, &counted] {
            assert!(!text.contains("s3cret"), "{text}");
        }
        peer.stop().await;
    }
}

each_peer! {
    p10_python_sends_secrets: sends_secrets, Python;
    p10_node_sends_secrets: sends_secrets, Node;
    p10_go_sends_secrets: sends_secrets, Go;
}
