//! Layers with families that are declared already.
//!
//! [`prometheus`] has the plain names that dashboards of services in all languages use; [`otel`] those
//! of OpenTelemetry's HTTP conventions, as an OpenTelemetry exporter writes them for Prometheus. Both
//! give a [`ServerLayer`], to which anything else can be added. The families are in [`plain`] and
//! [`conventional`], to be documented, checked against a service's own catalogue, or added one by one.
//!
//! ```
//! use throughline_http::presets;
//!
//! # #[cfg(feature = "trace")]
//! let layer = presets::prometheus().trace();
//! let with_sizes = presets::otel()
//!     .request_size(presets::conventional::http_server_request_body_size_bytes)
//!     .response_size(presets::conventional::http_server_response_body_size_bytes);
//! # let _ = with_sizes;
//!
//! let names: Vec<_> = presets::plain::CATALOGUE.families().iter().map(|family| family.name()).collect();
//! assert_eq!(names[0], "http_requests_total");
//! ```

use throughline_catalog::catalog;

use crate::{
    labels::{Method, Route},
    server::ServerLayer,
    status::Status,
    wire_labels::{ErrorType, HttpRoute, ProtocolVersion, Scheme, SentStatus},
};

catalog! {
    /// The families of [`prometheus`](super::prometheus).
    ///
    /// Durations have buckets from 1 ms to 5 s: 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1 and 5. Sizes have
    /// powers of ten from 100 bytes to 10 megabytes.
    pub mod plain, budget 400_000;

    /// Requests served, by the status that was sent or stands for what was not.
    counter http_requests_total { method: Method, path: Route, status: Status };
    /// Time from a request's arrival to the last byte of its response.
    histogram http_request_duration_seconds { method: Method, path: Route }
        buckets [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
    /// Time from a request's arrival to the headers of its response.
    histogram http_request_time_to_headers_seconds { method: Method, path: Route }
        buckets [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
    /// Requests being served.
    gauge http_requests_in_flight { method: Method };
    /// Sizes of the requests' bodies.
    histogram http_request_size_bytes { method: Method, path: Route }
        buckets [100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];
    /// Sizes of the responses' bodies.
    histogram http_response_size_bytes { method: Method, path: Route }
        buckets [100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];
}

catalog! {
    /// The families of [`otel`](super::otel), by OpenTelemetry's HTTP conventions 1.44.
    ///
    /// Durations have the convention's 14 buckets, from 5 ms to 10 s: 0.005, 0.01, 0.025, 0.05, 0.075,
    /// 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5 and 10. It names none for sizes; these have powers of ten
    /// from 100 bytes to 10 megabytes.
    ///
    /// A label whose attribute the convention leaves out is empty. All labels of the convention
    /// together allow many more series than any service has. Those that are never seen are never made,
    /// but the place where a histogram's are looked up takes 4 MB from its first use.
    pub mod conventional, budget 700_000_000;

    /// Duration of HTTP server requests.
    histogram http_server_request_duration_seconds {
        http_request_method: Method,
        http_route: HttpRoute,
        http_response_status_code: SentStatus,
        url_scheme: Scheme,
        network_protocol_version: ProtocolVersion,
        error_type: ErrorType,
    } buckets [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ];
    /// Number of active HTTP server requests.
    gauge http_server_active_requests { http_request_method: Method, url_scheme: Scheme };
    /// Size of HTTP server request bodies.
    histogram http_server_request_body_size_bytes {
        http_request_method: Method,
        http_route: HttpRoute,
        http_response_status_code: SentStatus,
        url_scheme: Scheme,
        network_protocol_version: ProtocolVersion,
        error_type: ErrorType,
    } buckets [100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];
    /// Size of HTTP server response bodies.
    histogram http_server_response_body_size_bytes {
        http_request_method: Method,
        http_route: HttpRoute,
        http_response_status_code: SentStatus,
        url_scheme: Scheme,
        network_protocol_version: ProtocolVersion,
        error_type: ErrorType,
    } buckets [100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];
}

/// The plain names: `http_requests_total{method,path,status}`,
/// `http_request_duration_seconds{method,path}` and `http_requests_in_flight{method}`.
///
/// The others of [`plain`] can be added.
pub fn prometheus() -> ServerLayer {
    ServerLayer::new()
        .total(plain::http_requests_total)
        .duration(plain::http_request_duration_seconds)
        .in_flight(plain::http_requests_in_flight)
}

/// The names of OpenTelemetry's conventions: `http_server_request_duration_seconds` and
/// `http_server_active_requests`.
///
/// There is no total, which is the histogram's `_count`. The sizes, which the convention leaves to be
/// asked for, are in [`conventional`].
pub fn otel() -> ServerLayer {
    ServerLayer::new()
        .duration(conventional::http_server_request_duration_seconds)
        .in_flight(conventional::http_server_active_requests)
}
