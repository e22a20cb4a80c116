//! The layer: which families it counts in.

use std::sync::Arc;

use metrics::Recorder;
use throughline_catalog::{Counter, Family, Gauge, Histogram};

use super::{ServerLayer, config::Config};
use crate::{
    labels::{HeadLabels, HttpLabels, StartLabels},
    streams::Streams,
};

/// Families, with the feature `metrics`; each is optional, and costs nothing if it is not there.
///
/// Every one of them has the labels that its declaration gives it, of the crate's
/// [`HttpLabel`](crate::HttpLabel)s. A family that cannot be right, such as a gauge of requests in
/// flight by status, does not compile.
impl ServerLayer {
    /// Counts requests in `family` when they end.
    pub fn total<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Counter>,
        F::Labels: HttpLabels,
    {
        let config = self.labelled::<F>();
        config.metrics.total = config.metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Observes in `family`, in seconds, the time from the request's arrival to the end of its
    /// response's body, or to the drop of what is left of it.
    pub fn duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: HttpLabels,
    {
        let config = self.labelled::<F>();
        config.metrics.duration = config.metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Observes in `family`, in seconds, the durations of streams, and keeps them out of
    /// [`duration`](Self::duration) as [`Streams::Excluded`] does.
    pub fn stream_duration<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: HttpLabels,
    {
        let config = self.labelled::<F>();
        config.metrics.stream_duration = config.metrics.bind(family, F::Labels::index_of);
        config.streams = Streams::Excluded;
        self
    }

    /// Observes in `family`, in seconds, the time from the request's arrival to its response's head.
    ///
    /// A request that never got one has no sample. How it ended is not known by then, so `Outcome` is
    /// none of the labels.
    ///
    /// ```compile_fail
    /// use throughline_catalog::catalog;
    /// use throughline_http::{Outcome, ServerLayer};
    ///
    /// catalog! { mod shop, budget 100;
    ///     /// Time to the headers.
    ///     histogram shop_time_to_headers_seconds { outcome: Outcome } buckets [0.1, 1.0];
    /// }
    /// let layer = ServerLayer::new().time_to_headers(shop::shop_time_to_headers_seconds);
    /// ```
    pub fn time_to_headers<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: HeadLabels,
    {
        let config = self.labelled::<F>();
        config.metrics.time_to_headers = config.metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Counts in `family` the requests that are being served, from their arrival to the end of their
    /// response's body.
    pub fn in_flight<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Gauge>,
        F::Labels: StartLabels,
    {
        let config = self.labelled::<F>();
        config.metrics.in_flight = config.metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Observes in `family`, in bytes, the sizes of the requests' bodies: one sample a request at its
    /// end, zero included.
    ///
    /// The size is what the request's head declares: its `content-length`, or zero for a request of
    /// HTTP/1 that announces no body. A body of unknown length, chunked or of HTTP/2 without a length,
    /// has no sample, rather than a wrong one: the layer gives the request on as it is, so that no
    /// inner service has to know of it, and does not see what is read. To count what is read, add a
    /// [`RequestBodyLayer`](crate::RequestBodyLayer) further in, and listen to it by
    /// [`late`](Self::late).
    pub fn request_size<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: HttpLabels,
    {
        let config = self.labelled::<F>();
        config.metrics.request_size = config.metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Observes in `family`, in bytes, the sizes of the responses' bodies as they were given out: one
    /// sample a request at its end, zero included.
    pub fn response_size<F>(mut self, family: F) -> Self
    where
        F: Family<Handle = Histogram>,
        F::Labels: HttpLabels,
    {
        let config = self.labelled::<F>();
        config.metrics.response_size = config.metrics.bind(family, F::Labels::index_of);
        self
    }

    /// Counts in this recorder, whatever recorder the process or the thread has. By default it is the
    /// one that is current when a request begins.
    ///
    /// It holds for all families of the layer, those that are added later included. For a second
    /// application in one process, and for tests that run side by side.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use metrics_util::debugging::DebuggingRecorder;
    /// use throughline_http::presets;
    ///
    /// let recorder = DebuggingRecorder::new();
    /// let snapshotter = recorder.snapshotter();
    /// let layer = presets::prometheus().recorder(Arc::new(recorder));
    /// # let _ = (layer, snapshotter);
    /// ```
    pub fn recorder(mut self, recorder: Arc<dyn Recorder + Send + Sync>) -> Self {
        self.config_mut().metrics.give(recorder);
        self
    }

    /// The configuration, which reads what the family's labels need.
    fn labelled<F>(&mut self) -> &mut Config
    where
        F: Family,
        F::Labels: HttpLabels,
    {
        let config = self.config_mut();
        F::Labels::readers(&mut |reader| config.readers.add(reader));
        config
    }
}
