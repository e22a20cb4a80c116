//! What the telemetry of all four programs has in common: the form of a log line.

use throughline_log::{Field, LevelCase, Precision};
use throughline_telemetry::{Telemetry, TelemetryBuilder};

/// Configures the telemetry of one program.
pub fn of(program: &'static str) -> TelemetryBuilder {
    use throughline_correlation::Key::{Job, Request};
    Telemetry::builder(program).log_fields([
        Field::timestamp(Precision::Micros),
        Field::level(LevelCase::Upper),
        Field::service(),
        Field::trace_id().required(),
        Field::span_id().required(),
        Field::id(Job).required(),
        Field::named("device_id"),
        Field::stage(),
        Field::message(),
        Field::error(),
        Field::id(Request),
        Field::error_kind(),
        Field::root_cause(),
    ])
}
