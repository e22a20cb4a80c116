//! What a socket's message has to tell.

use super::labels::Kind;

/// What a message is to whoever counts it; its content stays its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// A message of the application.
    Data {
        /// Text or binary.
        kind: Kind,
        /// The size of its payload.
        bytes: usize,
    },
    /// A ping, a pong, or a raw frame: nothing of the application's.
    Control,
    /// A close frame, and its code if it has one.
    Close(Option<u16>),
}

/// The message type of a WebSocket library.
///
/// axum's (feature `axum-ws`) and tungstenite's (feature `tungstenite`) are known. For a type of
/// another crate, or another version of it, [`SocketObserver::observe_by`] takes a function instead.
///
/// [`SocketObserver::observe_by`]: super::SocketObserver::observe_by
pub trait SocketMessage {
    /// What the message is.
    fn frame(&self) -> Frame;
}
