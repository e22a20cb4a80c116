//! The kinds of id: what each is called in a log line and on the wire.

use http::HeaderName;

/// A kind of id.
///
/// The order is that of nesting: a request in a session carries messages, a job outlives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Key {
    /// One HTTP request or RPC.
    Request,
    /// A business operation over many requests.
    Correlation,
    /// A session, such as a WebSocket connection.
    Session,
    /// One message in a session or on a queue.
    Message,
    /// A unit of work that outlives the request which asked for it.
    Job,
    /// Whose work it is.
    Tenant,
}

impl Key {
    /// Every kind, in the order in which they are written.
    pub const ALL: [Self; 6] = [
        Self::Request,
        Self::Correlation,
        Self::Session,
        Self::Message,
        Self::Job,
        Self::Tenant,
    ];

    /// The name of the field in a log line or on a span: `request_id`.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Request => "request_id",
            Self::Correlation => "correlation_id",
            Self::Session => "session_id",
            Self::Message => "message_id",
            Self::Job => "job_id",
            Self::Tenant => "tenant_id",
        }
    }

    /// The name of the header or of the metadata key: `x-request-id`.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Request => "x-request-id",
            Self::Correlation => "x-correlation-id",
            Self::Session => "x-session-id",
            Self::Message => "x-message-id",
            Self::Job => "x-job-id",
            Self::Tenant => "x-tenant-id",
        }
    }

    /// [`Key::header`] as a header name; no allocation.
    #[must_use]
    pub const fn header_name(self) -> HeaderName {
        HeaderName::from_static(self.header())
    }

    pub(crate) const fn slot(self) -> usize {
        self as usize
    }
}
