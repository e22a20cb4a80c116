//! The messages of a WebSocket connection, which no layer can see after the upgrade.
//!
//! To [`ServerLayer`](crate::ServerLayer) an upgrade is a request that ended with status 101. What
//! comes after it passes through a socket, so it is the socket that is observed: [`SocketObserver`]
//! holds the families and wraps each connection in an [`ObservedSocket`], which counts its messages,
//! its bytes and its one end, and passes everything through as it is.
//!
//! * **A message** is text or binary. Pings, pongs and close frames are not counted, and neither is
//!   what a library answers by itself, which never passes through the socket.
//! * **The end** is counted once: when the far end's close frame arrives, when the stream ends, or
//!   when the socket is dropped. Its [`CloseReason`] is that of the first close frame, whoever sent
//!   it, and where there was none, what happened instead.
//! * **The scope** in which the connection began, trace and ids, is entered whenever the socket is
//!   polled and when it is dropped. For the handler's own work see
//!   [`SocketObserver::on_upgrade`] (axum), or wrap it with
//!   [`Scope::around`](throughline_context::Scope::around).
//!
//! ```
//! # #[cfg(feature = "tungstenite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use futures_util::{SinkExt, StreamExt};
//! use metrics_util::debugging::{DebugValue, DebuggingRecorder};
//! use throughline_catalog::catalog;
//! use throughline_http::websocket::{CloseReason, Direction, SocketObserver};
//! use tokio_tungstenite::{
//!     WebSocketStream,
//!     tungstenite::{Message, protocol::Role},
//! };
//!
//! catalog! { mod gateway, budget 100;
//!     /// Open WebSocket connections.
//!     gauge websocket_connections_active {};
//!     /// WebSocket messages.
//!     counter websocket_messages_total { direction: Direction };
//!     /// WebSocket connections that have ended.
//!     counter websocket_connections_closed_total { reason: CloseReason };
//! }
//!
//! // Where the metrics go: a program installs its own exporter instead.
//! let recorder = DebuggingRecorder::new();
//! let snapshotter = recorder.snapshotter();
//! let _current = metrics::set_default_local_recorder(&recorder);
//!
//! let observer = SocketObserver::new()
//!     .active(gateway::websocket_connections_active)
//!     .messages(gateway::websocket_messages_total)
//!     .closed(gateway::websocket_connections_closed_total);
//!
//! let (near, far) = tokio::io::duplex(1_024);
//! let mut far = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
//! let near = WebSocketStream::from_raw_socket(near, Role::Server, None).await;
//! let mut socket = observer.observe(near);
//!
//! far.send(Message::text("hello")).await?;
//! if let Some(hello) = socket.recv().await {
//!     socket.send(hello?).await?;
//! }
//! assert_eq!(far.next().await.transpose()?, Some(Message::text("hello")));
//! far.close(None).await?;
//! while socket.recv().await.is_some() {}
//!
//! let mut counted: Vec<(String, DebugValue)> = snapshotter
//!     .snapshot()
//!     .into_vec()
//!     .into_iter()
//!     .map(|(key, _, _, value)| (key.key().to_string(), value))
//!     .collect();
//! counted.sort_by(|a, b| a.0.cmp(&b.0));
//! let messages =
//!     |direction| format!("Key(websocket_messages_total, [direction = {direction}])");
//! assert_eq!(
//!     counted,
//!     [
//!         ("Key(websocket_connections_active)".to_owned(), DebugValue::Gauge(0.0.into())),
//!         (
//!             "Key(websocket_connections_closed_total, [reason = no_status])".to_owned(),
//!             DebugValue::Counter(1),
//!         ),
//!         (messages("inbound"), DebugValue::Counter(1)),
//!         (messages("outbound"), DebugValue::Counter(1)),
//!     ],
//! );
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "tungstenite"))]
//! # fn main() {}
//! ```

#[cfg(feature = "axum-ws")]
mod axum;
mod guard;
mod labels;
mod message;
mod moment;
mod observer;
mod reason;
mod socket;
#[cfg(feature = "tungstenite")]
mod tungstenite;

pub use self::{
    labels::{Direction, Kind, SocketLabel, SocketLabels},
    message::{Frame, SocketMessage},
    moment::{Connection, Ending, Moment, Passing},
    observer::SocketObserver,
    reason::CloseReason,
    socket::ObservedSocket,
};
