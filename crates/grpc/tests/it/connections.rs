//! What goes wrong with connections: one record a call, and the connections themselves.

use std::io;

use futures_util::{FutureExt, StreamExt};
use http::Uri;
use throughline_catalog::catalog;
use throughline_grpc::{Connection, Connector, Method, Target};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tower::{Layer, Service, service_fn};

use crate::{
    echo::{Echo, EchoClient, STREAM, UNARY},
    ledger::{Ledger, client, server},
};

catalog! { mod links, budget 1_000;
    /// Connections.
    counter links_connections_total { outcome: Connection };
    /// Connections by target.
    counter links_targets_total { target: Target, outcome: Connection };
}

async fn listener() -> (TcpListener, Endpoint) {
    Method::seed([UNARY, STREAM]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, Endpoint::from_shared(url).unwrap())
}

/// Serves until the sender is dropped, and then closes every connection at once.
fn serve(listener: TcpListener, echo: Echo) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    // Off this runtime's reactor.
    let listener = listener.into_std().unwrap();
    let serving = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            let serving = Server::builder()
                .layer(server())
                .add_service(echo)
                .serve_with_incoming(TcpListenerStream::new(listener));
            tokio::select! {
                _ = stopped => {}
                result = serving => result.unwrap(),
            }
        });
        // Kills the connections' tasks.
        drop(runtime);
    };
    std::thread::spawn(serving);
    stop
}

#[tokio::test]
async fn p17_a_server_that_is_killed_is_unavailable_before_and_after_the_head() {
    for method in [UNARY, STREAM] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let (listener, endpoint) = listener().await;
        let stop = serve(listener, Echo::default());
        let channel = endpoint.connect().await.unwrap();
        let mut client = EchoClient::new(client().layer(channel));
        if method == UNARY {
            let mut waiting = std::pin::pin!(client.unary("wait"));
            // Until it has been sent.
            for _ in 0..100 {
                assert!(waiting.as_mut().now_or_never().is_none());
                tokio::task::yield_now().await;
            }
            drop(stop);
            waiting.await.unwrap_err();
        } else {
            let mut messages = client.stream("wait").await.unwrap();
            assert_eq!(messages.next().await.unwrap().unwrap(), "first");
            drop(stop);
            messages.next().await.unwrap().unwrap_err();
        }
        ledger.assert_one("client", method, "UNAVAILABLE", "failed");
    }
}

#[tokio::test]
async fn p17_a_refused_port_is_unavailable_connected_or_lazy() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (listener, endpoint) = listener().await;
    drop(listener);
    assert!(endpoint.connect().await.is_err());
    let mut client = EchoClient::new(client().layer(endpoint.connect_lazy()));
    for _ in 0..2 {
        let status = client.unary("hello").await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
    }
    ledger.assert_all("client", &[(UNARY, "UNAVAILABLE", "failed"); 2]);
}

#[tokio::test]
async fn p17_a_dead_endpoint_among_live_ones_costs_no_record() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (live, live_endpoint) = listener().await;
    let (dead, dead_endpoint) = listener().await;
    drop(dead);
    let _stop = serve(live, Echo::default());
    let channel = Channel::balance_list([dead_endpoint, live_endpoint].into_iter());
    let mut client = EchoClient::new(client().layer(channel));
    let mut ended = Vec::new();
    for _ in 0..20 {
        ended.push(match client.unary("hello").await {
            Ok(_) => (UNARY, "OK", "completed"),
            Err(_) => (UNARY, "UNAVAILABLE", "failed"),
        });
    }
    assert!(ended.contains(&(UNARY, "OK", "completed")), "{ended:?}");
    ledger.assert_all("client", &ended);
}

#[tokio::test]
async fn connections_are_counted_below_the_channel() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (listener, endpoint) = listener().await;
    let address = listener.local_addr().unwrap();
    let http = service_fn(move |_: Uri| async move {
        let stream = tokio::net::TcpStream::connect(address).await?;
        io::Result::Ok(hyper_util::rt::TokioIo::new(stream))
    });
    let connector = Connector::new(http, links::links_connections_total);
    // A channel's task stays on this thread, where the test's recorder is.
    let stop = serve(listener, Echo::default());
    let mut client = EchoClient::new(endpoint.connect_with_connector_lazy(connector));
    assert_eq!(client.unary("hello").await.unwrap(), "hello");
    assert_eq!(client.unary("hello").await.unwrap(), "hello");
    let of = |outcome: &str| {
        let series = format!("links_connections_total{{outcome={outcome}}}");
        ledger.read().get(&series).copied().unwrap_or_default()
    };
    assert_eq!((of("made"), of("failed")), (1.0, 0.0));
    drop(stop);
    // Each call now tries anew, once the channel knows.
    while of("failed") < 2.0 {
        client.unary("hello").await.unwrap_err();
    }
    assert_eq!(of("made"), 1.0);
}

#[tokio::test]
async fn a_connection_that_nobody_waits_for_is_abandoned() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let never = service_fn(|_: Uri| std::future::pending::<io::Result<()>>());
    let mut connector = Connector::new(never, links::links_targets_total)
        .target(&Uri::from_static("http://driver.internal:9103"));
    drop(connector.call(Uri::from_static("http://10.0.0.7:9103")));
    let series = "links_targets_total{target=driver.internal:9103,outcome=abandoned}";
    assert_eq!(ledger.read(), [(series.to_owned(), 1.0)].into());
}
