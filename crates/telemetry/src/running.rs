//! Telemetry that runs, and its end.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use throughline_log::WriterGuard;

use crate::{builder::TelemetryBuilder, listener::Serving, metrics::Exporter, traces::Traces};

/// The telemetry of this process, from its start to its [`shutdown`](Telemetry::shutdown).
///
/// Keep it until the service has served its last request.
#[derive(Debug)]
#[must_use = "telemetry ends when it is dropped"]
pub struct Telemetry {
    logs: WriterGuard,
    traces: Traces,
    exporter: Exporter,
    listener: Option<Serving>,
}

/// What the end of telemetry came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Why spans that were still to be exported may be lost, if they may.
    pub traces: Result<(), String>,
    /// Log lines that could not be written in time.
    pub log_lines_unwritten: u64,
}

impl Telemetry {
    /// Configures the telemetry of `service`.
    pub const fn builder(service: &'static str) -> TelemetryBuilder {
        TelemetryBuilder::new(service)
    }

    pub(crate) const fn new(
        logs: WriterGuard,
        traces: Traces,
        exporter: Exporter,
        listener: Option<Serving>,
    ) -> Self {
        Self {
            logs,
            traces,
            exporter,
            listener,
        }
    }

    /// Where the metrics page is served, with the port that was found free if 0 was asked for.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.listener.as_ref().map(|listener| listener.address)
    }

    /// The metrics page as it is served, in Prometheus' text format 0.0.4.
    #[must_use]
    pub fn render_metrics(&self) -> String {
        self.exporter.handle().render()
    }

    /// Ends telemetry: spans are exported first, then the last log lines are written, all of it
    /// within `deadline`.
    pub async fn shutdown(self, deadline: Duration) -> ShutdownReport {
        let Self {
            logs,
            traces,
            exporter,
            listener,
        } = self;
        let started = Instant::now();
        // The export blocks, and needs the runtime that the exporter's connection lives in.
        let exported = tokio::task::spawn_blocking(move || traces.shutdown(deadline)).await;
        let traces = exported.unwrap_or_else(|_| Err("the export of spans panicked".to_owned()));
        drop(listener);
        exporter.stop();
        let flushed = logs.flush(deadline.saturating_sub(started.elapsed()));
        ShutdownReport {
            traces,
            log_lines_unwritten: flushed.unwritten,
        }
    }
}
