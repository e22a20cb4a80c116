//! What is known of a request when it is counted.

use crate::labels::{Method, Outcome, Route};

/// nginx's 499, by which the field counts a client that went away before its answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;
const INTERNAL_SERVER_ERROR: u16 = 500;

/// A request and how it ended: what labels are read from.
///
/// Method and route are known from the start; status and outcome once it has ended.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    method: Method,
    route: Route,
    sent: Option<u16>,
    outcome: Outcome,
}

impl Exchange {
    pub(crate) const fn begun(method: Method, route: Route) -> Self {
        Self {
            method,
            route,
            sent: None,
            outcome: Outcome::Cancelled,
        }
    }

    pub(crate) const fn head_sent(&mut self, status: u16) {
        self.sent = Some(status);
    }

    pub(crate) const fn ended(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// The method; `_OTHER` for one that no standard knows.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The route template.
    #[must_use]
    pub const fn route(&self) -> Route {
        self.route
    }

    /// The status that was sent, if a head was.
    #[must_use]
    pub const fn sent(&self) -> Option<u16> {
        self.sent
    }

    /// The status that was sent, or the one that stands for an ending without any: 499 where the
    /// client went away first, 500 after a panic or an error of the inner service.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match (self.sent, self.outcome) {
            (Some(status), _) => status,
            (None, Outcome::Cancelled) => CLIENT_CLOSED_REQUEST,
            (None, _) => INTERNAL_SERVER_ERROR,
        }
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the server failed: a 5xx, a panic, a body that broke off.
    #[must_use]
    pub const fn is_server_error(&self) -> bool {
        500 <= self.status() || matches!(self.outcome, Outcome::Failed | Outcome::Panicked)
    }
}
