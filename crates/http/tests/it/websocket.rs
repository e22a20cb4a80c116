//! A socket that is observed: what passes and the one end are counted, and nothing changes.

use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use metrics_util::debugging::DebuggingRecorder;
use opentelemetry::trace::{SpanId, TraceContextExt};
use throughline_catalog::catalog;
use throughline_context::Scope;
use throughline_correlation::{Ids, SessionId};
use throughline_http::websocket::{
    CloseReason, Direction, Frame, Kind, ObservedSocket, SocketMessage, SocketObserver,
};

use crate::{
    client::scope,
    ledger::{Endpoint, Ledger},
    script::silent_panic,
    traces::Trace,
};

catalog! { pub(crate) mod gateway, budget 10_000;
    /// Open connections.
    gauge websocket_connections_active {};
    /// Messages.
    counter websocket_messages_total { direction: Direction };
    /// Messages by what they hold.
    counter websocket_messages_by_kind_total {
        endpoint: Endpoint, direction: Direction, kind: Kind,
    };
    /// Their payloads.
    counter websocket_payload_bytes_total { direction: Direction };
    /// Connections that have ended.
    counter websocket_connections_closed_total { endpoint: Endpoint, reason: CloseReason };
    /// How long they were open.
    histogram websocket_connection_duration_seconds { reason: CloseReason } buckets [1.0, 60.0];
}

/// An observer of all that A3 asks for and more.
pub(crate) fn observer() -> SocketObserver {
    SocketObserver::new()
        .route("/chat/{room}")
        .active(gateway::websocket_connections_active)
        .messages(gateway::websocket_messages_total)
        .bytes(gateway::websocket_payload_bytes_total)
        .closed(gateway::websocket_connections_closed_total)
        .lifetime(gateway::websocket_connection_duration_seconds)
}

/// Checks the counts of messages and bytes by direction, and the one end.
#[track_caller]
pub(crate) fn assert_one(
    ledger: &Ledger,
    inbound: Option<(u32, u32)>,
    outbound: Option<(u32, u32)>,
    reason: &str,
) {
    let mut expected = BTreeMap::from([
        ("websocket_connections_active{}".to_owned(), 0.0),
        (
            format!(
                "websocket_connections_closed_total{{endpoint=/chat/{{room}},reason={reason}}}"
            ),
            1.0,
        ),
        (
            format!("websocket_connection_duration_seconds{{reason={reason}}}"),
            1.0,
        ),
    ]);
    for (direction, counts) in [("inbound", inbound), ("outbound", outbound)] {
        if let Some((messages, bytes)) = counts {
            expected.insert(
                format!("websocket_messages_total{{direction={direction}}}"),
                messages.into(),
            );
            expected.insert(
                format!("websocket_payload_bytes_total{{direction={direction}}}"),
                bytes.into(),
            );
        }
    }
    let mut counted = ledger.read();
    counted.retain(|series, _| series.starts_with("websocket_"));
    assert_eq!(counted, expected);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Text(&'static str),
    Binary(&'static [u8]),
    Ping,
    Close(Option<u16>),
}

impl SocketMessage for Message {
    fn frame(&self) -> Frame {
        match self {
            Self::Text(text) => Frame::Data {
                kind: Kind::Text,
                bytes: text.len(),
            },
            Self::Binary(bytes) => Frame::Data {
                kind: Kind::Binary,
                bytes: bytes.len(),
            },
            Self::Ping => Frame::Control,
            Self::Close(code) => Frame::Close(*code),
        }
    }
}

/// What a scripted socket's stream does next. After the last step it ends.
#[derive(Clone, Copy, Debug)]
enum Step {
    Give(Message),
    Fail,
    Panic,
    Wait,
}

/// A socket by a script; it takes what is sent until `broken`.
#[derive(Debug, Default)]
struct Scripted {
    steps: VecDeque<Step>,
    sent: Arc<Mutex<Vec<Message>>>,
    broken: bool,
    looks: Arc<Mutex<Vec<SpanId>>>,
}

impl Scripted {
    fn new(steps: &[Step]) -> Self {
        let mut scripted = Self::default();
        scripted.steps.extend(steps);
        scripted
    }

    fn look(&self) {
        let cx = opentelemetry::Context::current();
        let id = cx.span().span_context().span_id();
        self.looks.lock().unwrap().push(id);
    }

    fn accept(&self) -> Result<(), &'static str> {
        self.look();
        if self.broken { Err("broken") } else { Ok(()) }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.look();
    }
}

impl Stream for Scripted {
    type Item = Result<Message, &'static str>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.look();
        Poll::Ready(match self.steps.pop_front() {
            Some(Step::Give(message)) => Some(Ok(message)),
            Some(Step::Fail) => Some(Err("broken")),
            Some(Step::Panic) => silent_panic(),
            Some(Step::Wait) => return Poll::Pending,
            None => None,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.steps.len(), Some(self.steps.len()))
    }
}

impl Sink<Message> for Scripted {
    type Error = &'static str;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(self.accept())
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Self::Error> {
        self.sent.lock().unwrap().push(message);
        self.accept()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(self.accept())
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(self.accept())
    }
}

type Socket = ObservedSocket<Scripted, Message>;

/// Lets `hold` have an observed socket until it waits or ends, and checks the end.
#[track_caller]
fn check(
    steps: &[Step],
    hold: impl AsyncFnOnce(Socket),
    inbound: Option<(u32, u32)>,
    outbound: Option<(u32, u32)>,
    reason: &str,
) {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let socket = observer().observe(Scripted::new(steps));
    let _ = AssertUnwindSafe(hold(socket)).catch_unwind().now_or_never();
    assert_one(&ledger, inbound, outbound, reason);
}

/// Reads to the end, and goes on after an error.
async fn read(mut socket: Socket) {
    while socket.recv().await.is_some() {}
}

#[test]
fn messages_are_counted_by_direction_and_control_frames_are_not() {
    use Message::{Binary, Ping, Text};
    let steps = [Text("hello"), Ping, Binary(&[1, 2, 3])].map(Step::Give);
    let talk = async |mut socket: Socket| {
        socket.send(Text("hi")).await.unwrap();
        socket.send(Ping).await.unwrap();
        read(socket).await;
    };
    check(&steps, talk, Some((2, 8)), Some((1, 2)), "no_close");
}

#[test]
fn each_ending_has_its_reason() {
    use Step::{Fail, Give, Panic, Wait};
    let close = |code| Give(Message::Close(code));
    check(&[close(Some(1000)), Wait], read, None, None, "normal");
    check(&[close(Some(1001))], read, None, None, "going_away");
    check(&[close(Some(1002))], read, None, None, "protocol_error");
    check(&[close(None)], read, None, None, "no_status");
    check(&[close(Some(4321))], read, None, None, "private");
    check(&[], read, None, None, "no_close");
    check(&[Wait], read, None, None, "dropped");
    check(&[], async |_| {}, None, None, "dropped");
    check(&[Fail], read, None, None, "error");
    check(&[Fail, Wait], read, None, None, "error");
    check(&[Panic], read, None, None, "panicked");
    check(&[], async |_socket| silent_panic(), None, None, "panicked");
    // A failure that the connection survives is not its end.
    let text = Give(Message::Text("hello"));
    check(
        &[Fail, text, close(Some(1000))],
        read,
        Some((1, 5)),
        None,
        "normal",
    );
}

#[test]
fn the_first_close_frame_tells_the_reason_whoever_sends_it() {
    let first = async |mut socket: Socket| {
        socket.send(Message::Close(Some(1008))).await.unwrap();
        read(socket).await;
    };
    let answer = Step::Give(Message::Close(Some(1000)));
    check(&[answer], first, None, None, "policy_violation");
    check(&[Step::Fail], first, None, None, "policy_violation");
    // What is under way still arrives.
    let late = [Step::Give(Message::Text("late")), answer];
    check(&late, first, Some((1, 4)), None, "policy_violation");
    // The socket closes itself without a code.
    let closes = async |mut socket: Socket| {
        socket.close().await.unwrap();
        read(socket).await;
    };
    check(&[answer], closes, None, None, "no_status");
}

#[test]
fn a_close_frame_of_ours_alone_is_not_the_end() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut socket = observer().observe(Scripted::new(&[]));
    let close = Message::Close(Some(1001));
    assert_eq!(socket.send(close).now_or_never(), Some(Ok(())));
    assert_eq!(ledger.read()["websocket_connections_active{}"], 1.0);
    assert_eq!(socket.recv().now_or_never(), Some(None));
    assert_one(&ledger, None, None, "going_away");
}

#[test]
fn a_panic_that_was_caught_within_the_socket_is_still_one() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut socket = observer().observe(Scripted::new(&[Step::Panic]));
    let polled = AssertUnwindSafe(socket.recv())
        .catch_unwind()
        .now_or_never();
    assert!(polled.unwrap().is_err());
    drop(socket);
    assert_one(&ledger, None, None, "panicked");
}

#[test]
fn what_the_socket_did_not_take_is_not_counted() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut scripted = Scripted::new(&[]);
    scripted.broken = true;
    let mut socket = observer().observe(scripted);
    let mut sink = Pin::new(&mut socket);
    assert_eq!(
        sink.as_mut().start_send(Message::Text("lost")),
        Err("broken")
    );
    assert_eq!(sink.close().now_or_never(), Some(Err("broken")));
    assert_eq!(ledger.read()["websocket_connections_active{}"], 1.0);
    drop(socket);
    assert_one(&ledger, None, None, "error");
}

#[test]
fn the_end_is_counted_once_and_at_the_close_frame() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let close = Step::Give(Message::Close(Some(1000)));
    let mut socket = observer().observe(Scripted::new(&[close, close]));
    assert_eq!(ledger.read()["websocket_connections_active{}"], 1.0);
    while socket.next().now_or_never().flatten().is_some() {
        assert_one(&ledger, None, None, "normal");
    }
    drop(socket);
    assert_one(&ledger, None, None, "normal");
}

#[test]
fn a_split_socket_ends_with_its_last_half() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let (sender, receiver) = observer().observe(Scripted::new(&[Step::Wait])).split();
    drop(sender);
    assert_eq!(ledger.read()["websocket_connections_active{}"], 1.0);
    drop(receiver);
    assert_one(&ledger, None, None, "dropped");
}

#[test]
fn labels_of_a_message_can_be_all_of_them() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let observer = SocketObserver::new()
        .route("/chat/{room}")
        .messages(gateway::websocket_messages_by_kind_total);
    let messages = [
        Message::Text("a"),
        Message::Binary(b"b"),
        Message::Text("c"),
    ];
    let socket = observer.observe(Scripted::new(&messages.map(Step::Give)));
    let _ = read(socket).now_or_never();
    let series = |kind| {
        format!(
            "websocket_messages_by_kind_total{{endpoint=/chat/{{room}},direction=inbound,kind={kind}}}"
        )
    };
    let expected = BTreeMap::from([(series("text"), 2.0), (series("binary"), 1.0)]);
    let mut counted = ledger.read();
    counted.retain(|series, _| series.starts_with("websocket_"));
    assert_eq!(counted, expected);
}

#[test]
fn a_recorder_can_be_given() {
    let (current, given) = (Ledger::new(), DebuggingRecorder::new());
    let _open = current.open();
    let seen = given.snapshotter();
    let observer = SocketObserver::new()
        .active(gateway::websocket_connections_active)
        .recorder(Arc::new(given))
        .messages(gateway::websocket_messages_total);
    let socket = observer.observe(Scripted::new(&[Step::Give(Message::Text("hello"))]));
    assert!(read(socket).now_or_never().is_some());
    let series = seen.snapshot().into_vec();
    let ours = series
        .iter()
        .filter(|(key, ..)| key.key().name().starts_with("websocket_"));
    assert_eq!(ours.count(), 2);
    assert!(
        !current
            .read()
            .keys()
            .any(|series| series.starts_with("websocket_"))
    );
}

#[test]
fn everything_passes_unchanged() {
    use Message::{Binary, Close, Ping, Text};
    let messages = [Text("a"), Binary(b"b"), Ping, Close(Some(1000))];
    let scripted = Scripted::new(&messages.map(Step::Give));
    let sent = Arc::clone(&scripted.sent);
    let mut socket = observer().observe(scripted);
    assert_eq!(socket.size_hint(), (4, Some(4)));
    assert_eq!(socket.get_ref().steps.len(), 4);
    let talk = async {
        for message in messages {
            socket.send(message).await.unwrap();
        }
        let mut received = Vec::new();
        while let Some(message) = socket.recv().await {
            received.push(message.unwrap());
        }
        received
    };
    let received = talk.now_or_never().unwrap();
    assert_eq!(received, messages);
    assert_eq!(*sent.lock().unwrap(), messages);
}

#[test]
fn the_scope_of_the_beginning_is_entered_wherever_the_socket_runs() {
    let trace = Trace::new();
    let scripted = Scripted::new(&[Step::Give(Message::Ping)]);
    let looks = Arc::clone(&scripted.looks);
    let mut socket = scope(&trace).run(|| SocketObserver::new().observe(scripted));
    let talk = async {
        socket.send(Message::Ping).await.unwrap(); // three looks
        socket.recv().await.unwrap().unwrap();
        socket.close().await.unwrap();
    };
    assert!(talk.now_or_never().is_some());
    drop(socket);
    assert_eq!(*looks.lock().unwrap(), [trace.parent; 6]);
    assert!(!opentelemetry::Context::current().has_active_span());

    let session = SessionId::generate();
    let ids = Ids::empty().with(&session);
    let socket = Scope::default()
        .with_ids(ids)
        .run(|| SocketObserver::new().observe(Scripted::new(&[])));
    assert!(format!("{socket:?}").contains(session.as_str()));
}

#[cfg(feature = "tungstenite")]
#[test]
fn tungstenites_messages_are_known() {
    use tokio_tungstenite::tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    };
    let close = CloseFrame {
        code: CloseCode::Again,
        reason: "".into(),
    };
    let cases = [
        (
            Message::text("four"),
            Frame::Data {
                kind: Kind::Text,
                bytes: 4,
            },
        ),
        (
            Message::binary(vec![1, 2]),
            Frame::Data {
                kind: Kind::Binary,
                bytes: 2,
            },
        ),
        (Message::Ping("a".into()), Frame::Control),
        (Message::Pong("a".into()), Frame::Control),
        (Message::Close(None), Frame::Close(None)),
        (Message::Close(Some(close)), Frame::Close(Some(1013))),
    ];
    for (message, frame) in cases {
        assert_eq!(message.frame(), frame, "{message:?}");
    }
}
