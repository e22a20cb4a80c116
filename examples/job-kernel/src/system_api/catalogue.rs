//! What the System API counts.

use throughline_catalog::catalog;
use throughline_http::{Method, Status, route_label};

route_label! {
    /// The endpoints of the API.
    pub struct Endpoint: Capped<6>;
}

catalog! { pub mod eigen, budget 10_000;
    /// Requests to the API.
    counter eigen_api_requests_total { method: Method, endpoint: Endpoint, status: Status };
    /// Time from a request's arrival to the last byte of its response, in seconds.
    histogram eigen_api_request_duration_seconds { method: Method, endpoint: Endpoint }
        buckets [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
}
