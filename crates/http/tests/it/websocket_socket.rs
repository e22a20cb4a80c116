//! WebSocket connections over real sockets: axum at one end, tungstenite at the other.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    routing,
};
use futures_util::{SinkExt, StreamExt};
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_correlation::{Ids, SessionId};
use throughline_http::{ServerLayer, websocket::ObservedSocket};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message as Sent,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    ledger::Ledger,
    script::silent_panic,
    traces::Trace,
    websocket::{assert_one, observer},
};

type Socket = ObservedSocket<WebSocket, Message>;
type Peer = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Sends when it is dropped.
struct Done(Option<oneshot::Sender<()>>);

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            let _ = done.send(());
        }
    }
}

/// Serves `handler` on this thread, where the test's recorder is, and connects to it. The receiver
/// hears when the handler has let the socket go.
async fn connect<H, Fut>(trace: &Trace, handler: H) -> (Peer, oneshot::Receiver<()>)
where
    H: FnOnce(Socket) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (done, is_done) = oneshot::channel();
    let state = Arc::new(Mutex::new(Some((handler, Done(Some(done))))));
    let upgrade = async move |upgrade: WebSocketUpgrade| {
        let (handler, done) = state.lock().unwrap().take().unwrap();
        observer().on_upgrade(upgrade, |socket| async move {
            // Dropped last.
            let _done = done;
            handler(socket).await;
        })
    };
    let app: Router = Router::new()
        .route("/chat/{room}", routing::any(upgrade))
        .layer(ServerLayer::new().trace());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut request = format!("ws://{address}/chat/7")
        .into_client_request()
        .unwrap();
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    let (peer, _) = connect_async(request).await.unwrap();
    (peer, is_done)
}

async fn echo(mut socket: Socket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            socket.send(message).await.unwrap();
        }
    }
}

// A3
#[tokio::test]
async fn a_conversation_is_counted_both_ways_to_its_normal_end() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut peer, is_done) = connect(&Trace::new(), echo).await;
    for text in ["one", "three", "fourth"] {
        peer.send(Sent::text(text)).await.unwrap();
        assert_eq!(peer.next().await.unwrap().unwrap(), Sent::text(text));
    }
    peer.send(Sent::Ping("are you there".into())).await.unwrap();
    assert!(peer.next().await.unwrap().unwrap().is_pong());
    assert_eq!(ledger.read()["websocket_connections_active{}"], 1.0);
    let normal = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    peer.close(Some(normal)).await.unwrap();
    is_done.await.unwrap();
    assert_one(&ledger, Some((3, 14)), Some((3, 14)), "normal");
}

#[tokio::test]
async fn a_peer_that_goes_away_says_so() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut peer, is_done) = connect(&Trace::new(), echo).await;
    let away = CloseFrame {
        code: CloseCode::Away,
        reason: "the tab was closed".into(),
    };
    peer.close(Some(away)).await.unwrap();
    is_done.await.unwrap();
    assert_one(&ledger, None, None, "going_away");
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_an_error() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (mut peer, is_done) = connect(&Trace::new(), echo).await;
    peer.send(Sent::text("hello")).await.unwrap();
    assert_eq!(peer.next().await.unwrap().unwrap(), Sent::text("hello"));
    drop(peer);
    is_done.await.unwrap();
    assert_one(&ledger, Some((1, 5)), Some((1, 5)), "error");
}

#[tokio::test]
async fn this_side_can_say_why_it_closes() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let closes = |mut socket: Socket| async move {
        let close = axum::extract::ws::CloseFrame {
            code: 1008,
            reason: "not here".into(),
        };
        socket.send(Message::Close(Some(close))).await.unwrap();
        while socket.recv().await.is_some() {}
    };
    let (mut peer, is_done) = connect(&Trace::new(), closes).await;
    while peer.next().await.is_some() {}
    is_done.await.unwrap();
    assert_one(&ledger, None, None, "policy_violation");
}

#[tokio::test]
async fn a_handler_that_lets_go_or_panics_is_told_apart() {
    for (panics, reason) in [(false, "dropped"), (true, "panicked")] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let holds = move |socket: Socket| async move {
            let _held = socket;
            if panics {
                silent_panic()
            }
        };
        let (_peer, is_done) = connect(&Trace::new(), holds).await;
        is_done.await.unwrap();
        assert_one(&ledger, None, None, reason);
    }
}

// A13
#[tokio::test]
async fn the_handler_runs_in_the_requests_trace_and_a_session() {
    let trace = Trace::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let look = move || {
        let span = Context::current().span().span_context().clone();
        let session = Ids::current_id::<SessionId>();
        sees.lock().unwrap().push((span, session));
    };
    let handler = move |mut socket: Socket| {
        look();
        async move {
            while let Some(Ok(_)) = socket.recv().await {
                look();
            }
            look();
        }
    };
    let (mut peer, is_done) = connect(&trace, handler).await;
    peer.send(Sent::text("look")).await.unwrap();
    peer.close(None).await.unwrap();
    is_done.await.unwrap();

    let server = trace.span().span_context;
    let seen = seen.lock().unwrap();
    // At the call, at the message, at the close frame and at the end.
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|(span, _)| *span == server), "{seen:?}");
    assert!(seen[0].1.is_some());
    assert!(seen.iter().all(|(_, session)| *session == seen[0].1));
}
