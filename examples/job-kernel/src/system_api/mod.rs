//! The System API: jobs over HTTP and JSON.

mod body;
mod catalogue;
mod error;
mod events;
mod handlers;

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::{link::Link, rpc::kernel_client::KernelClient};

pub use self::catalogue::{Endpoint, eigen};
pub use self::error::{ApiError, ErrorKind};

/// Longest body of a request, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where jobs run.
    pub kernel: KernelClient<Link>,
    /// How long a handler waits for the kernel's answer.
    pub timeout: Duration,
}

/// All routes, without layers around them.
pub fn routes(api: Api) -> Router {
    Router::new()
        .route("/v1/jobs", post(handlers::submit))
        .route("/v1/jobs/{id}", get(handlers::show))
        .route("/v1/jobs/{id}/events", get(events::follow))
        .fallback(handlers::unknown_route)
        .method_not_allowed_fallback(handlers::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(api)
}
