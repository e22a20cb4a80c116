//! The configuration, and the start in its order.

use std::borrow::Cow;
use std::net::SocketAddr;

use throughline_catalog::{Catalogue, top::TopReport};
use throughline_log::{Field, Schema, SchemaBuilder};

use crate::{
    error::StartError, listener::Listener, logs, metrics::Exporter, running::Telemetry, traces,
};

/// The configuration of a service's telemetry; see [`Telemetry::builder`].
///
/// Metrics and logs are on. The environment adds:
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | turns the export of traces on, by OTLP over gRPC | no export, no attempt |
/// | `RUST_LOG` | the log filter, `info` or `info,my_crate=debug` | `info` |
/// | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_*` | as the OpenTelemetry SDK has them | |
#[derive(Debug)]
#[must_use = "nothing is started before `start`"]
pub struct TelemetryBuilder {
    service: &'static str,
    schema: Option<SchemaBuilder>,
    allowed: Vec<Cow<'static, str>>,
    catalogues: Vec<&'static Catalogue>,
    from_zero: Vec<&'static Catalogue>,
    metrics_address: Option<SocketAddr>,
    top_reports: Vec<&'static TopReport>,
    otlp_endpoint: Option<String>,
}

impl TelemetryBuilder {
    pub(crate) const fn new(service: &'static str) -> Self {
        Self {
            service,
            schema: None,
            allowed: Vec::new(),
            catalogues: Vec::new(),
            from_zero: Vec::new(),
            metrics_address: None,
            top_reports: Vec::new(),
            otlp_endpoint: None,
        }
    }

    /// The families that the service counts: their buckets and help texts reach the exporter.
    pub fn catalogue(mut self, catalogue: &'static Catalogue) -> Self {
        self.catalogues.push(catalogue);
        self
    }

    /// As [`TelemetryBuilder::catalogue`], and every series whose labels are all closed is there
    /// from the start, with 0: `rate()` then sees the first one that counts.
    ///
    /// Right where each combination of labels can occur; a state machine has many that cannot.
    pub fn catalogue_from_zero(mut self, catalogue: &'static Catalogue) -> Self {
        self.from_zero.push(catalogue);
        self.catalogue(catalogue)
    }

    /// Serves `/metrics` at this address, without authentication: it belongs on an internal one.
    pub const fn metrics_address(mut self, address: SocketAddr) -> Self {
        self.metrics_address = Some(address);
        self
    }

    /// Shows the 50 largest of this report at `/top`, as JSON, beside the metrics page and nowhere
    /// else: who uses the most is not for a label, and not for strangers.
    pub fn top_report(mut self, report: &'static TopReport) -> Self {
        self.top_reports.push(report);
        self
    }

    /// The fields of a log line, in their order; the service's name is filled in. By default those
    /// of [`Schema::new`].
    pub fn log_fields(self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.log_schema(Schema::builder().fields(fields))
    }

    /// As [`TelemetryBuilder::log_fields`], with all that a schema can say; the service's name is
    /// filled in.
    pub fn log_schema(mut self, schema: SchemaBuilder) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Further fields that a log line may have, after those of its schema: an event's others are left
    /// out, and counted in the line's `redacted`.
    ///
    /// The access logs of `throughline-http` and `throughline-grpc` name theirs:
    ///
    /// ```
    /// # const ACCESS_LOG_FIELDS: [&str; 2] = ["method", "status"];
    /// use throughline_telemetry::Telemetry;
    ///
    /// let telemetry = Telemetry::builder("shop")
    ///     .allow(ACCESS_LOG_FIELDS) // of `throughline_http`
    ///     .allow(["shop", "parcels"]);
    /// # let _ = telemetry;
    /// ```
    ///
    /// # Errors
    /// The start fails where a name is a secret's, as `throughline-log` knows them.
    pub fn allow<N: Into<Cow<'static, str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.allowed.extend(names.into_iter().map(Into::into));
        self
    }

    /// Exports traces to this OTLP endpoint, over gRPC; as `OTEL_EXPORTER_OTLP_ENDPOINT` does, which
    /// it overrides.
    pub fn otlp_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.otlp_endpoint = Some(endpoint.into());
        self
    }

    /// Starts logs, metrics and traces, in an order in which each step can tell what it does.
    ///
    /// It needs a tokio runtime, for the listener and for the exporter.
    ///
    /// # Errors
    /// [`StartError`] names the setting that is wrong, or what was in the way: an address in use, a
    /// second start in one process.
    pub async fn start(self) -> Result<Telemetry, StartError> {
        let Self {
            service,
            schema,
            allowed,
            catalogues,
            from_zero,
            metrics_address,
            top_reports,
            otlp_endpoint,
        } = self;
        // By default that of `Schema::new`.
        let schema = schema.unwrap_or_else(Schema::builder).allow(allowed);
        let schema = schema.service(service).build().map_err(StartError::log)?;
        let filter = logs::filter_from_env()?;
        for (at, catalogue) in catalogues.iter().enumerate() {
            catalogue
                .check_against(&catalogues[..at])
                .map_err(StartError::catalogues)?;
        }
        // All that can be wrong is found before anything is installed for the whole process.
        let traces = traces::Traces::new(service, otlp_endpoint)?;
        let exporter = Exporter::new(&catalogues)?;
        let listener = match metrics_address {
            Some(address) => Some(Listener::bind(address).await?),
            None => None,
        };
        let logs = logs::install(schema, filter, &traces)?;
        exporter.install()?;
        traces.install();
        for catalogue in &catalogues {
            catalogue.describe();
        }
        for catalogue in from_zero {
            catalogue.register_closed();
        }
        let listener = listener.map(|listener| listener.serve(exporter.handle(), top_reports));
        Ok(Telemetry::new(logs, traces, exporter, listener))
    }
}
