//! The concern *access log*: one line a call, when it has ended.

use std::time::Duration;

use tracing::{Level, event};

use crate::{call::Call, layer::Side, wire::Passed};

/// The names of the fields that a line may have, for a log layer that writes by allowlist; those of the
/// messages are there where they are counted.
pub const ACCESS_LOG_FIELDS: [&str; 8] = [
    "method",
    "code",
    "outcome",
    "duration_ms",
    "messages_sent",
    "messages_received",
    "bytes_sent",
    "bytes_received",
];

const TARGET: &str = "throughline_grpc::access";

/// Writes the line. No metadata and no message is in it.
pub(crate) fn write(
    side: Side,
    call: &Call,
    is_error: bool,
    took: Duration,
    counted: Option<(Passed, Passed)>,
) {
    let (sent, received) = counted.unzip();
    macro_rules! line {
        ($level:expr, $text:literal) => {
            event!(
                target: TARGET,
                $level,
                method = call.method().as_str(),
                code = call.code().as_str(),
                outcome = call.outcome().as_str(),
                duration_ms = took.as_secs_f64() * 1e3,
                messages_sent = sent.map(|sent| sent.messages),
                messages_received = received.map(|received| received.messages),
                bytes_sent = sent.map(|sent| sent.bytes),
                bytes_received = received.map(|received| received.bytes),
                $text
            )
        };
    }
    // A level and a text stand in the place that writes the line.
    match (side, is_error) {
        (Side::Server, false) => line!(Level::INFO, "call served"),
        (Side::Server, true) => line!(Level::ERROR, "call served"),
        (Side::Client, false) => line!(Level::INFO, "call made"),
        (Side::Client, true) => line!(Level::WARN, "call made"),
    }
}
