//! Connections, which a channel makes and makes again below its layers.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Uri;
use pin_project_lite::pin_project;
use throughline_catalog::{Bound, Counter, Era, Family, Labels, label};
use tower_service::Service;

use crate::labels::Target;

label! {
    /// How an attempt to connect ended.
    pub enum Connection {
        /// There is a connection.
        Made = "made",
        /// There is none.
        Failed = "failed",
        /// Nobody waited for it: a time-out for connecting, or a channel that was dropped.
        Abandoned = "abandoned",
    }
}

/// The labels of a family of connections: none, or [`Connection`] and [`Target`] in any order.
pub trait ConnectLabels: Labels {
    /// The index of the labels' values.
    fn index_of(ended: &(Connection, Target)) -> usize;
}

impl ConnectLabels for () {
    fn index_of(_: &(Connection, Target)) -> usize {
        ().index()
    }
}

impl ConnectLabels for (Connection,) {
    fn index_of(&(connection, _): &(Connection, Target)) -> usize {
        (connection,).index()
    }
}

impl ConnectLabels for (Connection, Target) {
    fn index_of(ended: &(Connection, Target)) -> usize {
        ended.index()
    }
}

impl ConnectLabels for (Target, Connection) {
    fn index_of(&(connection, target): &(Connection, Target)) -> usize {
        (target, connection).index()
    }
}

/// A connector whose connections are counted: for what a tonic channel does below its layers, over
/// and over.
///
/// A channel connects when it is first used, and again after each connection that it loses; all that
/// its layers see of that are calls that are slow or fail.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::io;
/// # use http::Uri;
/// # use metrics_util::debugging::DebuggingRecorder;
/// # use tower::Service;
/// use throughline_catalog::catalog;
/// use throughline_grpc::{Connection, Connector};
///
/// catalog! { mod driver, budget 10;
///     /// Connections to the driver manager.
///     counter driver_connections_total { outcome: Connection };
/// }
///
/// # let recorder = DebuggingRecorder::new();
/// # let snapshotter = recorder.snapshotter();
/// # let _current = metrics::set_default_local_recorder(&recorder);
/// # // Stands for hyper-util's `HttpConnector`.
/// # let http = tower::service_fn(async |_: Uri| Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused)));
/// let mut connector = Connector::new(http, driver::driver_connections_total);
/// // Then: `endpoint.connect_with_connector_lazy(connector)`
/// # assert!(connector.call(Uri::from_static("http://[::1]:1")).await.is_err());
/// # let series = snapshotter.snapshot().into_vec()[0].0.key().to_string();
/// # assert_eq!(series, "Key(driver_connections_total, [outcome = failed])");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connector<C> {
    inner: C,
    connections: Bound<Counter, (Connection, Target)>,
    target: Target,
}

impl<C> Connector<C> {
    /// Counts what `inner` connects in `family`.
    pub fn new<F>(inner: C, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: ConnectLabels,
    {
        Self {
            inner,
            connections: Bound::new(family, <F::Labels as ConnectLabels>::index_of),
            target: Target::unknown(),
        }
    }

    /// Says whom it connects to, for the label [`Target`]. What a balanced channel connects to is
    /// many, and would be a label without bound.
    #[must_use]
    pub fn target(mut self, uri: &Uri) -> Self {
        if let Some(target) = crate::layer::Target::of(uri) {
            self.target = target.label();
        }
        self
    }
}

impl<C, U> Service<U> for Connector<C>
where
    C: Service<U>,
{
    type Response = C::Response;
    type Error = C::Error;
    type Future = ConnectFuture<C::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), C::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, to: U) -> Self::Future {
        let ending = Ending {
            connections: self.connections.clone(),
            era: Era::current(),
            ended: (Connection::Abandoned, self.target),
        };
        ConnectFuture {
            inner: self.inner.call(to),
            ending: Some(ending),
        }
    }
}

pin_project! {
    /// The future of a [`Connector`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ConnectFuture<F> {
        #[pin]
        inner: F,
        ending: Option<Ending>,
    }
}

impl<F, T, E> Future for ConnectFuture<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = this.inner.poll(cx);
        if let Poll::Ready(result) = &polled
            && let Some(mut ending) = this.ending.take()
        {
            ending.ended.0 = match result {
                Ok(_) => Connection::Made,
                Err(_) => Connection::Failed,
            };
        }
        polled
    }
}

/// Counts in its drop, which comes with the end or before it.
#[derive(Debug)]
struct Ending {
    connections: Bound<Counter, (Connection, Target)>,
    era: Era,
    ended: (Connection, Target),
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.connections.at(self.era, &self.ended).increment(1);
    }
}
