//! The observer: which families the connections are counted in.

use std::sync::Arc;

use futures_core::Stream;
use metrics::Recorder;
use throughline_catalog::{Bound, Counter, Family, Gauge, Handle, Histogram};
use throughline_context::Scope;

use super::{
    guard::Guard,
    labels::SocketLabels,
    message::{Frame, SocketMessage},
    moment::{Connection, Ending, Passing},
    socket::ObservedSocket,
};
use crate::{labels::Route, metrics::Given};

/// Observes WebSocket connections, each from here to its one end; see the
/// [module](crate::websocket).
///
/// Without families it still keeps each connection's scope.
#[derive(Clone, Debug)]
#[must_use = "an observer does nothing until it is given a socket"]
pub struct SocketObserver {
    config: Arc<Config>,
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) route: Route,
    given: Option<Given>,
    pub(super) active: Option<Bound<Gauge, Connection>>,
    pub(super) messages: Option<Bound<Counter, Passing>>,
    pub(super) bytes: Option<Bound<Counter, Passing>>,
    pub(super) closed: Option<Bound<Counter, Ending>>,
    pub(super) lifetime: Option<Bound<Histogram, Ending>>,
}

impl Config {
    /// Binds `family`, in the recorder that was given if there is one.
    fn bind<F, H, X>(&self, family: F, index: fn(&X) -> usize) -> Option<Bound<H, X>>
    where
        F: Family<Handle = H>,
        H: Handle,
    {
        let family = Bound::new(family, index);
        Some(Given::bind(self.given.as_ref(), family))
    }

    /// Binds every family to `recorder`, those that are added later included.
    fn give(&mut self, recorder: Arc<dyn Recorder + Send + Sync>) {
        fn give<H: Handle, X>(family: &mut Option<Bound<H, X>>, given: &Given) {
            *family = family.take().map(|family| Given::bind(Some(given), family));
        }
        let Self {
            route: _,
            given,
            active,
            messages,
            bytes,
            closed,
            lifetime,
        } = self;
        let given = given.insert(Given(recorder));
        give(active, given);
        give(messages, given);
        give(bytes, given);
        give(closed, given);
        give(lifetime, given);
    }
}

impl Default for SocketObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl SocketObserver {
    /// An observer that keeps the scope and counts nothing yet.
    pub fn new() -> Self {
        Self {
            config: Arc::new(Config {
                route: Route::unmatched(),
                given: None,
                active: None,
                messages: None,
                bytes: None,
                closed: None,
                lifetime: None,
            }),
        }
    }

    /// Names the route of these connections, for the label [`Route`]: an endpoint's template, never
    /// a path.
    pub fn route(mut self, template: &'static str) -> Self {
        self.config_mut().route = Route::of(template);
        self
    }

    /// Counts in `family` the connections that are open.
    pub fn active<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: SocketLabels<Connection>,
    {
        let config = self.config_mut();
        config.active = config.bind(family, F::Labels::index_of);
        self
    }

    /// Counts messages in `family`: text and binary ones, when they have arrived or have been handed
    /// to the socket.
    pub fn messages<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: SocketLabels<Passing>,
    {
        let config = self.config_mut();
        config.messages = config.bind(family, F::Labels::index_of);
        self
    }

    /// Counts in `family` the bytes of those messages' payloads.
    pub fn bytes<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: SocketLabels<Passing>,
    {
        let config = self.config_mut();
        config.bytes = config.bind(family, F::Labels::index_of);
        self
    }

    /// Counts connections in `family` when they end.
    pub fn closed<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: SocketLabels<Ending>,
    {
        let config = self.config_mut();
        config.closed = config.bind(family, F::Labels::index_of);
        self
    }

    /// Observes in `family`, in seconds, how long connections were open.
    pub fn lifetime<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: SocketLabels<Ending>,
    {
        let config = self.config_mut();
        config.lifetime = config.bind(family, F::Labels::index_of);
        self
    }

    /// Counts in this recorder, whatever recorder the process or the thread has. By default it is the
    /// one that is current when a connection begins.
    ///
    /// It holds for all families of the observer, those that are added later included.
    pub fn recorder(mut self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        self.config_mut().give(recorder);
        self
    }

    /// Observes a connection from here on, in the current scope.
    pub fn observe<S, M, E>(&self, socket: S) -> ObservedSocket<S, M>
    where
        S: Stream<Item = Result<M, E>>,
        M: SocketMessage,
    {
        self.observe_by(M::frame, socket)
    }

    /// As [`observe`](Self::observe), of a message type that is not a [`SocketMessage`].
    pub fn observe_by<S, M>(&self, frame: fn(&M) -> Frame, socket: S) -> ObservedSocket<S, M> {
        let guard = Guard::begin(Arc::clone(&self.config));
        ObservedSocket::new(socket, frame, guard, Scope::current())
    }

    fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }
}
