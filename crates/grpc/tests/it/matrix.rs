//! Every status, over a socket, in the head and after messages, as both ends count it.

use futures_util::StreamExt;
use throughline_grpc::{Code, Method};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tower::Layer;

use crate::{
    echo::{Echo, EchoClient, STREAM, UNARY},
    ledger::{Ledger, client, server},
};

#[tokio::test]
async fn a_status_is_the_same_at_both_ends_wherever_it_stands() {
    Method::seed([UNARY, STREAM]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = Server::builder()
        .layer(server())
        .add_service(Echo::default())
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();

    for (number, code) in (0..).zip(Code::ALL) {
        for method in [UNARY, STREAM] {
            let ledger = Ledger::new();
            let _open = ledger.open();
            let mut client = EchoClient::new(client().layer(channel.clone()));
            let message = format!("code {number}");
            let seen = if method == UNARY {
                client.unary(message).await.map(|_| 0)
            } else {
                let mut messages = client.stream(message).await.unwrap();
                let mut count = 0;
                loop {
                    match messages.next().await {
                        Some(Ok(_)) => count += 1,
                        Some(Err(status)) => break Err(status),
                        None => break Ok(count),
                    }
                }
            };
            assert_eq!(
                seen.map_or_else(|status| status.code() as i32, |_| 0),
                number
            );
            let counted = code.as_str();
            ledger.assert_one("server", method, counted, "completed");
            ledger.assert_one("client", method, counted, "completed");
        }
    }
}
