//! The layers of both sides, and what they share.

mod body;
mod client;
mod future;
mod observer;
mod server;

pub use self::{
    body::GrpcBody,
    client::{Client, ClientLayer},
    future::GrpcFuture,
    server::{Server, ServerLayer},
};

/// Which end of the call a layer stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

/// Whom a client calls, as its channel was told.
#[cfg(feature = "trace")]
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: std::sync::Arc<str>,
    pub(crate) port: u16,
}

/// Which concerns a layer has.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) side: Side,
    #[cfg(feature = "metrics")]
    pub(crate) metrics: crate::metrics::Metrics,
    #[cfg(feature = "trace")]
    pub(crate) trace: bool,
    #[cfg(feature = "trace")]
    pub(crate) target: Option<Target>,
}

impl Config {
    fn new(side: Side) -> Self {
        // Its value is needed later, when a flood of unknown methods may have filled the cap.
        let _ = crate::labels::Method::other();
        Self {
            side,
            #[cfg(feature = "metrics")]
            metrics: crate::metrics::Metrics::default(),
            #[cfg(feature = "trace")]
            trace: false,
            #[cfg(feature = "trace")]
            target: None,
        }
    }
}

/// The setters of the concerns, the same on both sides.
macro_rules! concerns {
    () => {
        /// Counts calls in `family` when they end.
        #[cfg(feature = "metrics")]
        pub fn total<F>(mut self, family: F) -> Self
        where
            F: throughline_catalog::Family<Handle = throughline_catalog::Counter>,
            F::Labels: crate::labels::GrpcLabels,
        {
            self.config_mut().metrics.total = Some(throughline_catalog::Bound::new(
                family,
                <F::Labels as crate::labels::GrpcLabels>::index_of,
            ));
            self
        }

        /// Observes in `family`, in seconds, the time from the call to its last message or status.
        #[cfg(feature = "metrics")]
        pub fn duration<F>(mut self, family: F) -> Self
        where
            F: throughline_catalog::Family<Handle = throughline_catalog::Histogram>,
            F::Labels: crate::labels::GrpcLabels,
        {
            self.config_mut().metrics.duration = Some(throughline_catalog::Bound::new(
                family,
                <F::Labels as crate::labels::GrpcLabels>::index_of,
            ));
            self
        }

        /// Counts in `family` the calls that are under way.
        #[cfg(feature = "metrics")]
        pub fn in_flight<F>(mut self, family: F) -> Self
        where
            F: throughline_catalog::Family<Handle = throughline_catalog::Gauge>,
            F::Labels: crate::labels::StartLabels,
        {
            self.config_mut().metrics.in_flight = Some(throughline_catalog::Bound::new(
                family,
                <F::Labels as crate::labels::GrpcLabels>::index_of,
            ));
            self
        }

        /// Opens a span for each call.
        #[cfg(feature = "trace")]
        pub fn trace(mut self) -> Self {
            self.config_mut().trace = true;
            self
        }

        #[cfg(any(feature = "metrics", feature = "trace"))]
        fn config_mut(&mut self) -> &mut crate::layer::Config {
            std::sync::Arc::make_mut(&mut self.config)
        }
    };
}

/// Access to what a service wraps.
macro_rules! accessors {
    () => {
        /// The inner service.
        pub const fn get_ref(&self) -> &S {
            &self.inner
        }

        /// The inner service, to change.
        pub const fn get_mut(&mut self) -> &mut S {
            &mut self.inner
        }

        /// Takes the inner service out.
        pub fn into_inner(self) -> S {
            self.inner
        }
    };
}

use {accessors, concerns};
