//! What is known of a request when it is counted.

use crate::{
    extra::Extras,
    labels::{Method, Outcome, Route, Target},
    wire_labels::{ProtocolVersion, Scheme},
};

/// A request and how it ended: what labels are read from.
///
// It goes from the call through future and body, so it is kept small.
/// Method, route, scheme and version are known from the start; status, outcome and sizes once it has
/// ended.
#[derive(Clone, Debug)]
pub struct Exchange {
    method: Method,
    route: Route,
    scheme: Scheme,
    version: ProtocolVersion,
    /// Whom a client calls; none on a server.
    target: Option<Target>,
    /// 0 if none was.
    sent: u16,
    /// What stands for a status that was not sent.
    unsent: u16,
    outcome: Outcome,
    /// [`UNKNOWN`](Self::UNKNOWN) if nobody has told it.
    request_bytes: u64,
    response_bytes: u64,
    is_stream: bool,
    is_told: bool,
    extras: Extras,
}

/// The status that stands for an ending without any, by the ending.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsent {
    pub(crate) cancelled: u16,
    pub(crate) failed: u16,
    pub(crate) panicked: u16,
}

impl Unsent {
    const fn after(&self, outcome: Outcome) -> u16 {
        match outcome {
            Outcome::Cancelled => self.cancelled,
            Outcome::Panicked => self.panicked,
            Outcome::Completed | Outcome::Failed => self.failed,
        }
    }
}

impl Unsent {
    /// nginx's 499, by which the field counts a client that went away before its answer.
    pub(crate) const DEFAULT: Self = Self {
        cancelled: 499,
        failed: 500,
        panicked: 500,
    };

    /// None at all: a client that got no response has no status to blame on the far end.
    pub(crate) const NO_RESPONSE: Self = Self {
        cancelled: Exchange::NO_RESPONSE,
        failed: Exchange::NO_RESPONSE,
        panicked: Exchange::NO_RESPONSE,
    };
}

impl Exchange {
    /// No status at all.
    pub(crate) const NO_RESPONSE: u16 = 0;

    const UNKNOWN: u64 = u64::MAX;

    pub(crate) const fn begun(method: Method, route: Route) -> Self {
        Self {
            method,
            route,
            scheme: Scheme::Http,
            version: ProtocolVersion::UNKNOWN,
            target: None,
            sent: Self::NO_RESPONSE,
            unsent: Self::NO_RESPONSE,
            outcome: Outcome::Cancelled,
            request_bytes: Self::UNKNOWN,
            response_bytes: 0,
            is_stream: false,
            is_told: false,
            extras: Extras::new(),
        }
    }

    /// How it came.
    pub(crate) const fn by(mut self, scheme: Scheme, version: ProtocolVersion) -> Self {
        self.scheme = scheme;
        self.version = version;
        self
    }

    /// A client learns the version from the answer.
    pub(crate) const fn answered_by(&mut self, version: ProtocolVersion) {
        self.version = version;
    }

    /// The route became known late.
    pub(crate) const fn routed(&mut self, route: Route) {
        self.route = route;
    }

    pub(crate) const fn request_is_of(&mut self, bytes: Option<u64>) {
        self.request_bytes = match bytes {
            Some(bytes) => bytes,
            None => Self::UNKNOWN,
        };
    }

    pub(crate) const fn response_grows_by(&mut self, bytes: u64) {
        self.response_bytes += bytes;
    }

    pub(crate) const fn streams(&mut self) {
        self.is_stream = true;
    }

    #[cfg(feature = "fault")]
    pub(crate) const fn told(&mut self, is_told: bool) {
        self.is_told = is_told;
    }

    pub(crate) const fn extras(&self) -> &Extras {
        &self.extras
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn said(&mut self, extras: Extras) {
        self.extras = extras;
    }

    /// Whether it is a client's.
    pub(crate) const fn is_call(&self) -> bool {
        self.target.is_some()
    }

    /// As `begun`, of a client.
    pub(crate) const fn calling(target: Target, method: Method, route: Route) -> Self {
        let mut exchange = Self::begun(method, route);
        exchange.target = Some(target);
        exchange
    }

    pub(crate) const fn head_sent(&mut self, status: u16) {
        self.sent = status;
    }

    /// It ended; `unsent` has what stands for a status that was not sent.
    pub(crate) const fn ended(&mut self, outcome: Outcome, unsent: &Unsent) {
        self.outcome = outcome;
        self.unsent = unsent.after(outcome);
    }

    /// The method; `_OTHER` for one that no standard knows.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// RFC 9110, section 6.4.1: these responses have no body, and servers drop it unread.
    pub(crate) const fn ends_at_its_head(&self, status: u16) -> bool {
        match self.method {
            Method::Head => true,
            Method::Connect if 200 <= status && status < 300 => true,
            _ => status < 200 || status == 204 || status == 304,
        }
    }

    /// The route template: on a server the one that matched, on a client the one of the request's
    /// [`RouteTemplate`](crate::RouteTemplate).
    #[must_use]
    pub const fn route(&self) -> Route {
        self.route
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The version of HTTP.
    #[must_use]
    pub const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Whom a client calls; [`Target::unnamed`] on a server.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target.unwrap_or_else(Target::unnamed)
    }

    /// The status that was sent, if a head was.
    #[must_use]
    pub const fn sent(&self) -> Option<u16> {
        match self.sent {
            Self::NO_RESPONSE => None,
            status => Some(status),
        }
    }

    /// The status that was sent, or the one that stands for an ending without any. On a server,
    /// unless its layer says otherwise: 499 where the client went away first, 500 after a panic or
    /// an error of the inner service. On a client: 0.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self.sent {
            Self::NO_RESPONSE => self.unsent,
            status => status,
        }
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The size of the request's body in bytes, if it is known.
    ///
    /// What the inner service has read of it, where a
    /// [`RequestBodyLayer`](crate::RequestBodyLayer) counts; else its declared length, where the
    /// layer has a family of request sizes or an access log.
    #[must_use]
    pub const fn request_bytes(&self) -> Option<u64> {
        match self.request_bytes {
            Self::UNKNOWN => None,
            bytes => Some(bytes),
        }
    }

    /// How many bytes of the response's body have been given out so far.
    #[must_use]
    pub const fn response_bytes(&self) -> u64 {
        self.response_bytes
    }

    /// Whether the response is one that lasts as long as it likes: events, gRPC, or a connection
    /// that changed its protocol. Known where the layer was asked to tell
    /// [`Streams`](crate::Streams) apart.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Whether the error behind the response has been told: by a `FaultId` in its extensions, with the
    /// feature `fault`.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        self.is_told
    }

    /// Whether the server failed: a 5xx that was sent, a panic, an error of the inner service, a
    /// body that broke off.
    #[must_use]
    pub const fn is_server_error(&self) -> bool {
        500 <= self.sent || matches!(self.outcome, Outcome::Failed | Outcome::Panicked)
    }
}
