//! The concern *access log*: one event a request, at its end.

use std::{fmt, sync::Arc, time::Duration};

use tracing::{Level, event};

use crate::exchange::Exchange;

/// The fields of an access event, for the allowlist of a log schema.
///
/// `method`, `route` and `outcome` are the labels' texts; `status` is a number, as are
/// `duration_ms`, milliseconds from the request's arrival to the last byte of its response, and
/// `request_bytes` and `response_bytes`, the sizes of the bodies. `request_bytes` is absent if nobody
/// knows it.
pub const ACCESS_LOG_FIELDS: [&str; 7] = [
    "method",
    "route",
    "status",
    "outcome",
    "duration_ms",
    "request_bytes",
    "response_bytes",
];

/// Says at which level a request is told; none is not told.
#[derive(Clone)]
pub(crate) struct AccessLog(Arc<LevelOf>);

type LevelOf = dyn Fn(&Exchange) -> Option<Level> + Send + Sync;

impl Default for AccessLog {
    fn default() -> Self {
        Self::by(|exchange| {
            let untold = exchange.is_server_error() && !exchange.is_told();
            Some(if untold { Level::ERROR } else { Level::INFO })
        })
    }
}

impl AccessLog {
    pub(crate) fn by(level: impl Fn(&Exchange) -> Option<Level> + Send + Sync + 'static) -> Self {
        Self(Arc::new(level))
    }

    pub(crate) fn tell(&self, exchange: &Exchange, took: Duration) {
        // The level of an event is part of its callsite, so there is one callsite for each.
        macro_rules! tell {
            ($level:expr) => {
                event!(
                    target: "throughline_http::access",
                    $level,
                    method = exchange.method().as_str(),
                    route = exchange.route().as_str(),
                    status = exchange.status(),
                    outcome = exchange.outcome().as_str(),
                    duration_ms = took.as_nanos() as f64 / 1_000_000.0,
                    request_bytes = exchange.request_bytes(),
                    response_bytes = exchange.response_bytes(),
                    "request served",
                )
            };
        }
        let Self(level) = self;
        match level(exchange) {
            None => {}
            Some(Level::ERROR) => tell!(Level::ERROR),
            Some(Level::WARN) => tell!(Level::WARN),
            Some(Level::INFO) => tell!(Level::INFO),
            Some(Level::DEBUG) => tell!(Level::DEBUG),
            Some(_) => tell!(Level::TRACE),
        }
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog").finish_non_exhaustive()
    }
}

/// When a request began, where nothing else keeps it.
#[cfg(not(feature = "metrics"))]
#[derive(Debug)]
pub(crate) struct Begun(std::time::Instant);

#[cfg(not(feature = "metrics"))]
impl Begun {
    pub(crate) const fn at(started: std::time::Instant) -> Self {
        Self(started)
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
