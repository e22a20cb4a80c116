//! What the driver manager counts.

use throughline_catalog::{catalog, label};

use super::Driver;

label! {
    /// What a driver is asked to do.
    pub enum Op {
        Execute = "execute",
    }
}

catalog! { pub mod eigen, budget 500;
    /// Requests to a driver.
    counter eigen_driver_requests_total { driver: Driver, op: Op, success: bool };
    /// Time of a request to a driver, in seconds.
    histogram eigen_driver_request_duration_seconds { driver: Driver, op: Op }
        buckets [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
}

/// What a request to a driver is counted in.
pub(super) const REQUESTS: (
    eigen::eigen_driver_requests_total,
    eigen::eigen_driver_request_duration_seconds,
) = (
    eigen::eigen_driver_requests_total,
    eigen::eigen_driver_request_duration_seconds,
);
