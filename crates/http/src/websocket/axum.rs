//! axum's messages, and the way into the task that it spawns.

use std::future::Future;

use axum::{
    extract::ws::{Message, OnFailedUpgrade, WebSocket, WebSocketUpgrade},
    response::Response,
};
use throughline_context::Scope;
use throughline_correlation::{Ids, SessionId};

use super::{Frame, Kind, ObservedSocket, SocketMessage, SocketObserver};

impl SocketMessage for Message {
    fn frame(&self) -> Frame {
        let data = |kind, bytes| Frame::Data { kind, bytes };
        match self {
            Self::Text(text) => data(Kind::Text, text.len()),
            Self::Binary(bytes) => data(Kind::Binary, bytes.len()),
            Self::Ping(_) | Self::Pong(_) => Frame::Control,
            Self::Close(close) => Frame::Close(close.as_ref().map(|close| close.code)),
        }
    }
}

impl SocketObserver {
    /// As [`WebSocketUpgrade::on_upgrade`], with the socket observed and the handler in scope.
    ///
    /// axum runs the handler in a task of its own, where nothing is in scope. This keeps the
    /// request's trace and ids for as long as the connection lives, and gives it a
    /// [`SessionId`] if there is none in scope.
    ///
    /// An upgrade that fails is no connection: it is not counted.
    ///
    /// ```
    /// use axum::{Router, extract::ws::{Message, WebSocket, WebSocketUpgrade}, routing::any};
    /// use throughline_catalog::catalog;
    /// use throughline_correlation::{Ids, SessionId};
    /// use throughline_http::websocket::{Direction, ObservedSocket, SocketObserver};
    ///
    /// catalog! { mod gateway, budget 100;
    ///     /// Open WebSocket connections.
    ///     gauge websocket_connections_active {};
    ///     /// WebSocket messages.
    ///     counter websocket_messages_total { direction: Direction };
    /// }
    ///
    /// async fn echo(mut socket: ObservedSocket<WebSocket, Message>) {
    ///     assert!(Ids::current_id::<SessionId>().is_some());
    ///     while let Some(Ok(message)) = socket.recv().await {
    ///         if socket.send(message).await.is_err() {
    ///             break;
    ///         }
    ///     }
    /// }
    ///
    /// let sockets = SocketObserver::new()
    ///     .active(gateway::websocket_connections_active)
    ///     .messages(gateway::websocket_messages_total);
    /// let upgrade = async move |upgrade: WebSocketUpgrade| sockets.on_upgrade(upgrade, echo);
    /// let app: Router = Router::new().route("/chat", any(upgrade));
    /// ```
    pub fn on_upgrade<F, H, Fut>(&self, upgrade: WebSocketUpgrade<F>, handler: H) -> Response
    where
        F: OnFailedUpgrade,
        H: FnOnce(ObservedSocket<WebSocket, Message>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let observer = self.clone();
        let scope = Scope::current();
        let ids = match scope.ids().get::<SessionId>() {
            Some(_) => scope.ids().clone(),
            None => Ids::clone(scope.ids()).with(&SessionId::generate()),
        };
        let scope = scope.with_ids(ids);
        upgrade.on_upgrade(move |socket| {
            // The handler's own call runs in scope as well.
            scope.around(async move { handler(observer.observe(socket)).await })
        })
    }
}
