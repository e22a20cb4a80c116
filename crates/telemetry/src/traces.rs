//! Traces: the provider, and the exporter where an endpoint is set.

use std::time::Duration;

use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider, TracerProviderBuilder},
};

use crate::{error::StartError, sampler::TrustBased};

/// The tracer provider of this process.
#[derive(Debug)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    exporting: bool,
}

impl Traces {
    /// Without an endpoint nothing is exported and nothing is tried; ids are made and passed on all
    /// the same, and a caller's sampled flag goes on to those behind us who may export.
    pub(crate) fn new(service: &'static str, endpoint: Option<String>) -> Result<Self, StartError> {
        let endpoint = self::endpoint(endpoint);
        let exporting = endpoint.is_some();
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(service);
        }
        let mut builder = SdkTracerProvider::builder().with_resource(resource.build());
        // A listener says which callers' flags decide; all else is recorded where somebody sees it.
        builder = builder.with_sampler(TrustBased::new(if exporting {
            Sampler::AlwaysOn
        } else {
            Sampler::AlwaysOff
        }));
        if let Some(endpoint) = endpoint {
            builder = export(builder, endpoint)?;
        }
        Ok(Self {
            provider: builder.build(),
            exporting,
        })
    }

    pub(crate) fn install(&self) {
        global::set_tracer_provider(self.provider.clone());
    }

    /// The tracer for spans that handlers make with `tracing`; none if nobody would see them.
    pub(crate) fn bridge_tracer(&self) -> Option<SdkTracer> {
        self.exporting.then(|| self.provider.tracer("tracing"))
    }

    /// Exports what is left, within `deadline`. Blocks.
    pub(crate) fn shutdown(&self, deadline: Duration) -> Result<(), String> {
        self.provider
            .shutdown_with_timeout(deadline)
            .map_err(|error| error.to_string())
    }
}

/// The variables that name an endpoint, the more special one first.
const VARIABLES: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// The endpoint that is set, and where it is.
fn endpoint(given: Option<String>) -> Option<(&'static str, String)> {
    let variable = |name| {
        let value = std::env::var(name).ok()?;
        (!value.trim().is_empty()).then_some((name, value))
    };
    let given = given.map(|endpoint| ("the OTLP endpoint", endpoint));
    given.or_else(|| VARIABLES.into_iter().find_map(variable))
}

/// Adds an exporter to `endpoint`, which stands under `name`. It connects when it has something to
/// send, so a Collector that is down is no reason not to start.
#[cfg(feature = "otlp")]
fn export(
    builder: TracerProviderBuilder,
    (name, endpoint): (&str, String),
) -> Result<TracerProviderBuilder, StartError> {
    use opentelemetry_otlp::{SpanExporter, WithExportConfig};
    use opentelemetry_sdk::trace::BatchSpanProcessor;

    use crate::scope_ids::ScopeIds;

    if !endpoint.starts_with("http://") {
        return Err(StartError::new(format!(
            "{name}={endpoint:?} cannot be used; such as `http://127.0.0.1:4317` can, \
             a Collector's gRPC port without TLS"
        )));
    }
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&endpoint)
        .build();
    let exporter = exporter.map_err(|error| {
        StartError::new(format!("{name}={endpoint:?} cannot be used")).because(error)
    })?;
    let batches = BatchSpanProcessor::builder(exporter).build();
    Ok(builder.with_span_processor(ScopeIds::new(batches)))
}

/// Built without an exporter: an endpoint that is set would be ignored, so it is refused.
#[cfg(not(feature = "otlp"))]
fn export(
    _: TracerProviderBuilder,
    (name, endpoint): (&str, String),
) -> Result<TracerProviderBuilder, StartError> {
    Err(StartError::new(format!(
        "{name}={endpoint:?} is set, and the feature `otlp` is not built in"
    )))
}
