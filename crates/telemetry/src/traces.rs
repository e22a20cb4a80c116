//! Traces: the provider, and the exporter where an endpoint is set.

use std::time::Duration;

use opentelemetry::{global, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};

use crate::error::StartError;

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
        let exporter = export::exporter(endpoint)?;
        let exporting = exporter.is_some();
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(service);
        }
        let mut builder = SdkTracerProvider::builder().with_resource(resource.build());
        // A caller's flag does not decide for us: a listener trusts its id, not its sampling.
        builder = builder.with_sampler(if exporting {
            Sampler::AlwaysOn
        } else {
            Sampler::ParentBased(Box::new(Sampler::AlwaysOff))
        });
        if let Some(exporter) = exporter {
            builder = builder.with_batch_exporter(exporter);
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

#[cfg(feature = "otlp")]
mod export {
    use opentelemetry_otlp::{SpanExporter, WithExportConfig};

    use super::StartError;

    const VARIABLES: [&str; 2] = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ];

    /// A variable that is set to more than white space.
    fn variable(name: &'static str) -> Option<(&'static str, String)> {
        let value = std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())?;
        Some((name, value))
    }

    /// The exporter, where an endpoint is set. It connects when it has something to send, so a
    /// Collector that is down is no reason not to start.
    pub(super) fn exporter(endpoint: Option<String>) -> Result<Option<SpanExporter>, StartError> {
        let given = endpoint.map(|endpoint| ("the OTLP endpoint", endpoint));
        let Some((name, endpoint)) = given.or_else(|| VARIABLES.into_iter().find_map(variable))
        else {
            return Ok(None);
        };
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
        exporter.map(Some).map_err(|error| {
            StartError::new(format!("{name}={endpoint:?} cannot be used")).because(error)
        })
    }
}

#[cfg(not(feature = "otlp"))]
mod export {
    use opentelemetry_sdk::trace::InMemorySpanExporter;

    use super::StartError;

    /// Built without an exporter: an endpoint that is set would be ignored, so it is refused.
    pub(super) fn exporter(
        endpoint: Option<String>,
    ) -> Result<Option<InMemorySpanExporter>, StartError> {
        match endpoint {
            None => Ok(None),
            Some(endpoint) => Err(StartError::new(format!(
                "the OTLP endpoint {endpoint:?} is set, and the feature `otlp` is not built in"
            ))),
        }
    }
}
