//! A tonic server and a tonic client, over a real socket, with a layer at both ends.

use futures_util::{FutureExt, StreamExt};
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_context::Scope;
use throughline_correlation::Ids;
use throughline_grpc::{Client, Method};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code,
    transport::{Channel, Endpoint, Server},
};
use tower::{Layer, ServiceBuilder};

use crate::{
    echo::{Echo, EchoClient, STREAM, UNARY},
    ledger::{Ledger, client, server},
    traces::Trace,
};

/// Serves on this thread, where the test's recorder is, and connects to it.
async fn connect() -> (EchoClient<Client<Channel>>, oneshot::Receiver<()>) {
    // The labels are there, so that they do not hang on which test was the first.
    Method::seed([UNARY, STREAM]);
    let (echo, is_gone) = Echo::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = Server::builder()
        .layer(server().trace())
        .add_service(echo)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);

    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = ServiceBuilder::new()
        .layer(client().trace().target(endpoint.uri()))
        .service(endpoint.connect().await.unwrap());
    (EchoClient::new(channel), is_gone)
}

#[track_caller]
fn assert_both(ledger: &Ledger, method: &str, code: &str) {
    ledger.assert_one("server", method, code, "completed");
    ledger.assert_one("client", method, code, "completed");
}

#[tokio::test]
async fn a_unary_call() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, _) = connect().await;
    assert_eq!(client.unary("hello").await.unwrap(), "hello");
    assert_both(&ledger, UNARY, "OK");
}

#[tokio::test]
async fn a_unary_call_that_is_refused() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, _) = connect().await;
    let status = client.unary("refuse").await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "there is no such thing");
    assert_both(&ledger, UNARY, "NOT_FOUND");
}

#[tokio::test]
async fn a_method_that_nobody_serves() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, _) = connect().await;
    for path in ["echo.Echo/Nothing", "nobody.Nobody/Nothing"] {
        let status = client.call(path, "hello").await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    }
    // In this process the client has made the labels, so the server finds them.
    ledger.assert_all(
        "server",
        &[
            ("echo.Echo/Nothing", "UNIMPLEMENTED", "completed"),
            ("nobody.Nobody/Nothing", "UNIMPLEMENTED", "completed"),
        ],
    );
}

#[tokio::test]
async fn a_stream_to_its_end() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, _) = connect().await;
    let messages = client.stream("all").await.unwrap();
    let messages: Vec<_> = messages.map(Result::unwrap).collect().await;
    assert_eq!(messages, ["first", "second", "third"]);
    assert_both(&ledger, STREAM, "OK");
}

#[tokio::test]
async fn a_stream_that_fails_after_its_first_message() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, _) = connect().await;
    let mut messages = client.stream("fail").await.unwrap();
    assert_eq!(messages.message().await.unwrap().unwrap(), "first");
    let status = messages.message().await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "it broke")
    );
    assert_both(&ledger, STREAM, "INTERNAL");
}

#[tokio::test]
async fn a_client_that_leaves_a_stream() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, is_gone) = connect().await;
    let mut messages = client.stream("wait").await.unwrap();
    assert_eq!(messages.message().await.unwrap().unwrap(), "first");
    let in_flight = ledger.read();
    assert_eq!(in_flight["rpc_server_calls_in_flight{}"], 1.0);
    assert_eq!(in_flight["rpc_client_calls_in_flight{}"], 1.0);
    drop(messages);
    is_gone.await.unwrap();
    ledger.assert_one("server", STREAM, "CANCELLED", "cancelled");
    ledger.assert_one("client", STREAM, "CANCELLED", "cancelled");
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, is_gone) = connect().await;
    {
        let mut leaving = std::pin::pin!(client.unary("wait"));
        // Until the handler has it.
        while ledger.read().get("rpc_server_calls_in_flight{}") != Some(&1.0) {
            assert!(leaving.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    }
    is_gone.await.unwrap();
    ledger.assert_one("server", UNARY, "CANCELLED", "cancelled");
    ledger.assert_one("client", UNARY, "CANCELLED", "cancelled");
}

#[tokio::test]
async fn a_handler_that_panics() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut client, _) = connect().await;
    client.unary("panic").await.unwrap_err();
    ledger.assert_one("server", UNARY, "INTERNAL", "panicked");
    // The client has no status to go by, but the reason for which the stream was reset.
    ledger.assert_one("client", UNARY, "CANCELLED", "failed");
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = EchoClient::new(client().layer(endpoint.connect_lazy()));
    let status = client.unary("hello").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    ledger.assert_one("client", UNARY, "UNAVAILABLE", "failed");
}

#[tokio::test]
async fn one_trace_over_the_wire() {
    let trace = Trace::new();
    let (mut client, _) = connect().await;
    let headers = [(
        "traceparent".parse().unwrap(),
        trace.traceparent().parse().unwrap(),
    )];
    let context = throughline_context::extract(&http::HeaderMap::from_iter(headers));
    let scope = Scope::new(context, Ids::empty());
    scope.around(client.unary("hello")).await.unwrap();
    assert!(!Context::current().has_active_span());

    let [server, client] = &trace.spans()[..] else {
        panic!("two spans: {:?}", trace.spans());
    };
    assert_eq!(client.parent_span_id, trace.parent);
    assert_eq!(server.parent_span_id, client.span_context.span_id());
    assert!(server.parent_span_is_remote);
    let has_address = |a: &opentelemetry::KeyValue| a.key.as_str() == "server.address";
    assert!(client.attributes.iter().any(has_address));
}
