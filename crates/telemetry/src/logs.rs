//! Logs: the subscriber, with the log layer and, where traces are exported, the bridge for spans.

use std::env;

use throughline_log::{LogLayer, Schema, Writer, WriterGuard};
use tracing::Metadata;
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets, filter_fn},
    layer::SubscriberExt,
};

use crate::{error::StartError, traces::Traces};

const VARIABLE: &str = "RUST_LOG";

/// The filter of the environment; only static directives, so that a disabled call site costs
/// nothing.
pub(crate) fn filter_from_env() -> Result<Targets, StartError> {
    match env::var(VARIABLE) {
        Ok(text) if !text.trim().is_empty() => text.parse().map_err(|error| {
            StartError::new(format!(
                "{VARIABLE}={text:?} is not a filter; such as `info` or `info,my_crate=debug` is"
            ))
            .because(error)
        }),
        _ => Ok(Targets::new().with_default(LevelFilter::INFO)),
    }
}

/// Installs the subscriber of the process.
pub(crate) fn install(
    schema: Schema,
    filter: Targets,
    traces: &Traces,
) -> Result<WriterGuard, StartError> {
    let (writer, guard) = Writer::stdout().map_err(StartError::log)?;
    let lines = LogLayer::new(schema, writer).with_filter(filter);
    let bridge = traces.bridge_tracer().map(|tracer| {
        // Spans only: an event inside a span would be copied into it, and an error among them would
        // fail the span behind our back. The hint below is a promise, which the filter has to keep.
        let wanted =
            |metadata: &Metadata<'_>| metadata.is_span() && *metadata.level() <= LevelFilter::INFO;
        let spans = filter_fn(wanted).with_max_level_hint(LevelFilter::INFO);
        tracing_opentelemetry::layer::<_>()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(spans)
    });
    let subscriber = Registry::default().with(bridge).with(lines);
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|_| StartError::already("a tracing subscriber"))?;
    Ok(guard)
}
