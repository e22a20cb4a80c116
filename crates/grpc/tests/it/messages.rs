//! Messages and their bytes, counted from the wire as they pass.

use std::collections::BTreeMap;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use throughline_catalog::catalog;
use throughline_grpc::{ClientLayer, Counted, Method, ServerLayer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    body::Body,
    transport::{Channel, Endpoint, Server},
};
use tower::{Layer, ServiceExt};

use crate::{
    echo::{CHAT, COLLECT, Echo, EchoClient, STREAM, UNARY},
    ledger::Ledger,
    script::{self, Step, read_all},
};

catalog! { mod flow, budget 100_000;
    /// Messages that the server sent.
    counter flow_server_messages_sent_total { method: Method };
    /// Messages that the server received.
    counter flow_server_messages_received_total { method: Method };
    /// Their bytes.
    counter flow_server_sent_bytes_total { method: Method };
    /// Their bytes.
    counter flow_server_received_bytes_total { method: Method };
    /// Bytes that a call sent.
    histogram flow_server_call_sent_bytes { method: Method } buckets [10.0];
    /// Messages that the client sent.
    counter flow_client_messages_sent_total { method: Method };
    /// Messages that the client received.
    counter flow_client_messages_received_total { method: Method };
    /// Their bytes.
    counter flow_client_sent_bytes_total { method: Method };
    /// Their bytes.
    counter flow_client_received_bytes_total { method: Method };
}

fn server() -> ServerLayer<Counted> {
    ServerLayer::new()
        .messages_sent(flow::flow_server_messages_sent_total)
        .messages_received(flow::flow_server_messages_received_total)
        .bytes_sent(flow::flow_server_sent_bytes_total)
        .bytes_received(flow::flow_server_received_bytes_total)
}

fn client() -> ClientLayer<Counted> {
    ClientLayer::new()
        .messages_sent(flow::flow_client_messages_sent_total)
        .messages_received(flow::flow_client_messages_received_total)
        .bytes_sent(flow::flow_client_sent_bytes_total)
        .bytes_received(flow::flow_client_received_bytes_total)
}

async fn connect(echo: Echo) -> EchoClient<throughline_grpc::Client<Channel, Counted>> {
    Method::seed([UNARY, STREAM, COLLECT, CHAT]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = Server::builder()
        .layer(server())
        .add_service(echo)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();
    EchoClient::new(client().layer(channel))
}

/// Messages and bytes of what the caller sends and of what it gets, the same at both ends.
#[track_caller]
fn assert_flow(ledger: &Ledger, method: &str, request: (f64, f64), response: (f64, f64)) {
    let series = |side: &str, what: &str| format!("flow_{side}_{what}_total{{method={method}}}");
    let expected: BTreeMap<String, f64> = [
        (series("client", "messages_sent"), request.0),
        (series("client", "sent_bytes"), request.1),
        (series("server", "messages_received"), request.0),
        (series("server", "received_bytes"), request.1),
        (series("server", "messages_sent"), response.0),
        (series("server", "sent_bytes"), response.1),
        (series("client", "messages_received"), response.0),
        (series("client", "received_bytes"), response.1),
    ]
    .into();
    assert_eq!(ledger.read(), expected);
}

fn large() -> Bytes {
    // No frame of HTTP/2 holds it.
    Bytes::from(vec![b'x'; 100_000])
}

#[tokio::test]
async fn all_types_of_calls_are_counted_to_the_byte() {
    for (method, request, response) in [
        (UNARY, (1.0, 100_000.0), (1.0, 100_000.0)),
        (STREAM, (1.0, 4.0), (3.0, 16.0)),
        (COLLECT, (3.0, 100_005.0), (1.0, 6.0)),
        (CHAT, (3.0, 100_005.0), (3.0, 100_005.0)),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let mut client = connect(Echo::default()).await;
        let many = vec![Bytes::from("hello"), large(), Bytes::new()];
        match method {
            UNARY => drop(client.unary(large()).await.unwrap()),
            STREAM => {
                let messages = client.stream("code").await.unwrap();
                assert_eq!(messages.count().await, 3);
            }
            COLLECT => assert_eq!(client.collect(many).await.unwrap(), "100005"),
            _ => {
                let messages = client.chat(stream::iter(many)).await.unwrap();
                assert_eq!(messages.count().await, 3);
            }
        }
        assert_flow(&ledger, method, request, response);
    }
}

#[tokio::test]
async fn compressed_messages_count_as_they_are_sent() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut client = connect(Echo::default().gzip()).await.gzip();
    assert_eq!(client.unary(large()).await.unwrap(), large());
    let counted = ledger.read();
    let bytes = |side: &str, what: &str| {
        counted[&format!("flow_{side}_{what}_bytes_total{{method={UNARY}}}")]
    };
    let (sent, received) = (bytes("client", "sent"), bytes("client", "received"));
    assert!(0.0 < sent && sent < 1_000.0, "{sent}");
    assert!(0.0 < received && received < 1_000.0, "{received}");
    assert_flow(&ledger, UNARY, (1.0, sent), (1.0, received));
}

#[tokio::test]
async fn messages_are_counted_while_the_stream_runs() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut client = connect(Echo::default()).await;
    let (send, messages) = tokio::sync::mpsc::channel(1);
    let messages = tokio_stream::wrappers::ReceiverStream::new(messages);
    let mut answers = client.chat(messages).await.unwrap();
    for count in 1..=3 {
        send.send(Bytes::from("hello")).await.unwrap();
        assert_eq!(answers.message().await.unwrap().unwrap(), "hello");
        let (count, bytes) = (f64::from(count), f64::from(count * 5));
        assert_flow(&ledger, CHAT, (count, bytes), (count, bytes));
    }
}

/// A request whose frames end wherever the test says.
fn request(frames: Vec<&'static [u8]>) -> Request<Body> {
    let frames = frames
        .into_iter()
        .map(|data| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from_static(data))));
    let body = Body::new(StreamBody::new(stream::iter(frames)));
    let request = Request::post("/flow.Flow/Raw").header("content-type", "application/grpc");
    request.body(body).unwrap()
}

#[tokio::test]
async fn frames_need_not_end_where_messages_do() {
    const WIRE: &[u8] = b"\0\0\0\0\x03abc\x01\0\0\0\0\0\0\0\0\x02de";
    const STEPS: &[Step] = &[
        Step::Bytes(b"\0\0"),
        Step::Bytes(b"\0\0\x02d"),
        Step::Bytes(b"e\0\0\0\0\x01"),
        Step::Bytes(b"f\0\0\0\0"),
        Step::Trailers(Some("0")),
    ];
    Method::seed(["flow.Flow/Raw"]);
    for cut in 0..=WIRE.len() {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let service = server().layer(tower::service_fn(async |request: Request<Body>| {
            let read = request.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(read, WIRE);
            Ok::<_, Infallible>(script::stream(STEPS))
        }));
        let (first, second) = WIRE.split_at(cut);
        let response = service.oneshot(request(vec![first, second])).await.unwrap();
        read_all(response.into_body()).await;
        let series = |what| format!("flow_server_{what}_total{{method=flow.Flow/Raw}}");
        let counted = ledger.read();
        assert_eq!(counted[&series("messages_received")], 3.0, "{cut}");
        assert_eq!(counted[&series("received_bytes")], 5.0, "{cut}");
        // The last one was cut off.
        assert_eq!(counted[&series("messages_sent")], 2.0, "{cut}");
        assert_eq!(counted[&series("sent_bytes")], 3.0, "{cut}");
    }
}

#[tokio::test]
async fn what_is_no_grpc_has_no_messages() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = server().layer(tower::service_fn(async |request: Request<Body>| {
        request.into_body().collect().await.unwrap();
        let mut response = script::stream(&[Step::Data]);
        response.headers_mut().remove("content-type");
        Ok::<_, Infallible>(response)
    }));
    let mut request = request(vec![b"\0\0\0\0\0"]);
    request.headers_mut().remove("content-type");
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    assert_eq!(ledger.read(), BTreeMap::new());
}

#[tokio::test]
async fn a_size_is_observed_once_a_call() {
    Method::seed(["flow.Flow/Raw"]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = ServerLayer::new().sent_size(flow::flow_server_call_sent_bytes);
    for steps in [
        &[Step::Data, Step::Data, Step::Trailers(Some("0"))][..],
        &[],
    ] {
        let service = layer.layer(tower::service_fn(move |_: Request<Body>| {
            std::future::ready(Ok::<_, Infallible>(script::stream(steps)))
        }));
        let response = service.oneshot(request(vec![b"\0\0\0\0\0"])).await.unwrap();
        read_all(response.into_body()).await;
    }
    let expected = [(
        "flow_server_call_sent_bytes{method=flow.Flow/Raw}".to_owned(),
        2.0,
    )];
    assert_eq!(ledger.read(), expected.into());
}

#[tokio::test]
async fn axums_body_can_be_counted() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = server().layer(tower::service_fn(
        async |request: Request<axum_core::body::Body>| {
            request.into_body().collect().await.unwrap();
            Ok::<_, Infallible>(script::stream(&[Step::Data, Step::Trailers(Some("0"))]))
        },
    ));
    let request = request(vec![b"\0\0\0\0\x01x"]).map(axum_core::body::Body::new);
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    let counted = ledger.read();
    assert_eq!(
        counted.values().sum::<f64>(),
        1.0 + 1.0 + 1.0 + 0.0,
        "{counted:?}"
    );
}
