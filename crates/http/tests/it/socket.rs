//! Over a real socket: a client that goes away.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, routing};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::ledger::{Ledger, layer};

/// Sends when it is dropped.
struct Gone(Option<oneshot::Sender<()>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(gone) = self.0.take() {
            let _ = gone.send(());
        }
    }
}

/// Serves `app` on this thread, where the test's recorder is, and connects to it.
async fn connect(app: Router) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    TcpStream::connect(address).await.unwrap()
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_is_cancelled() {
    let (reached, is_reached) = oneshot::channel();
    let (gone, is_gone) = oneshot::channel();
    let state = Arc::new(Mutex::new(Some((reached, Gone(Some(gone))))));
    let app = Router::new()
        .route(
            "/never",
            routing::get(async move || {
                let (reached, _gone) = state.lock().unwrap().take().unwrap();
                reached.send(()).unwrap();
                std::future::pending::<()>().await;
            }),
        )
        .layer(layer());
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut client = connect(app).await;
    let request = b"GET /never HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(request).await.unwrap();
    is_reached.await.unwrap();
    assert_eq!(ledger.read()["shop_requests_in_flight{method=GET}"], 1.0);
    drop(client);
    is_gone.await.unwrap();
    ledger.assert_one("GET", "/never", 499, "cancelled");
}

#[tokio::test]
async fn a_client_that_leaves_within_the_body_is_cancelled() {
    let (gone, is_gone) = oneshot::channel();
    let state = Arc::new(Mutex::new(Some(Gone(Some(gone)))));
    let app = Router::new()
        .route(
            "/endless",
            routing::get(async move || {
                let gone = state.lock().unwrap().take().unwrap();
                let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from("first"))]);
                let rest = stream::pending().map(move |never| {
                    let _ = &gone;
                    never
                });
                Body::from_stream(first.chain(rest))
            }),
        )
        .layer(layer());
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut client = connect(app).await;
    let request = b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut read = Vec::new();
    while !read.windows(5).any(|bytes| bytes == b"first") {
        assert_ne!(client.read_buf(&mut read).await.unwrap(), 0);
    }
    drop(client);
    is_gone.await.unwrap();
    ledger.assert_one("GET", "/endless", 200, "cancelled");
}

#[tokio::test]
async fn requests_on_one_connection_are_counted_each() {
    let app = Router::new()
        .route("/short", routing::get(|| async { "short" }))
        .layer(layer());
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut client = connect(app).await;
    for (method, close) in [("GET", ""), ("HEAD", ""), ("GET", "connection: close\r\n")] {
        let request = format!("{method} /short HTTP/1.1\r\nhost: localhost\r\n{close}\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
    }
    let mut answers = String::new();
    client.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("content-length: 5").count(), 3, "{answers}");
    ledger.assert_all(&[
        ("GET", "/short", 200, "completed"),
        ("HEAD", "/short", 200, "completed"),
        ("GET", "/short", 200, "completed"),
    ]);
}
