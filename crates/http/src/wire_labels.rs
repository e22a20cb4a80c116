//! The labels of OpenTelemetry's HTTP conventions 1.44: closed sets too.
//!
//! Where the convention leaves an attribute out, the label's text is empty, which to Prometheus is
//! the same as a label that is not there.

use std::fmt;

use http::{Uri, Version};
use throughline_catalog::{
    Label, OVERFLOW, Values,
    families::{LabelName, throughline::throughline_label_overflow_total},
    label,
};

use crate::{
    exchange::Exchange,
    labels::{HeadLabel, HttpLabel, Outcome, Route, StartLabel},
    status::Status,
};

label! {
    /// The scheme of the request, `url_scheme` of the convention.
    ///
    /// A request in absolute form says it; any other came by what
    /// [`ServerLayer::scheme`](crate::ServerLayer::scheme) says.
    pub enum Scheme {
        Http = "http",
        Https = "https",
    }
}

label! {
    /// The class of the response's status.
    pub enum StatusClass {
        Informational = "1xx",
        Success = "2xx",
        Redirection = "3xx",
        ClientError = "4xx",
        ServerError = "5xx",
        Other = "_OTHER",
    }
}

impl Scheme {
    /// What the request says, if it does.
    pub(crate) fn told(uri: &Uri) -> Option<Self> {
        match uri.scheme_str() {
            Some("http" | "ws") => Some(Self::Http),
            Some("https" | "wss") => Some(Self::Https),
            _ => None,
        }
    }
}

impl StatusClass {
    /// The class of a code.
    #[must_use]
    pub const fn of(code: u16) -> Self {
        match code {
            100..=199 => Self::Informational,
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }
}

/// A label whose values are a table, one of them empty; `label!` rightly refuses an empty one.
macro_rules! table {
    ($(#[$meta:meta])* $name:ident [$($text:expr),* $(,)?]) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(u8);

        impl $name {
            const TEXTS: &'static [&'static str] = &[$($text),*];

            /// The text of the value; empty where there is none.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                Self::TEXTS[self.0 as usize]
            }
        }

        impl Label for $name {
            const CARDINALITY: usize = Self::TEXTS.len();
            const VALUES: Values = Values::Closed(Self::TEXTS);

            #[inline]
            fn index(self) -> usize {
                self.0.into()
            }

            fn text(index: usize) -> &'static str {
                Self::TEXTS[index]
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

table! {
    /// The version of HTTP, `network_protocol_version` of the convention: `1.1`, `2`; empty for one
    /// that nobody knows.
    ProtocolVersion ["", "0.9", "1.0", "1.1", "2", "3"]
}

table! {
    /// What went wrong, `error_type` of the convention; empty for a request that was served.
    ///
    /// The status, from 500: the registered codes by name, any other as `5xx`. Or `panic`,
    /// `cancelled` for a client that went away, `_OTHER` for an error of the inner service or of the
    /// response's body. On a client: the same, and `4xx`.
    ErrorType [
        "", "_OTHER", "cancelled", "panic", "4xx", "5xx", "500", "501", "502", "503", "504", "505",
        "506", "507", "508", "510", "511",
    ]
}

impl ProtocolVersion {
    pub(crate) const UNKNOWN: Self = Self(0);

    /// The label of a version.
    #[must_use]
    pub const fn of(version: Version) -> Self {
        Self(match version {
            Version::HTTP_09 => 1,
            Version::HTTP_10 => 2,
            Version::HTTP_11 => 3,
            Version::HTTP_2 => 4,
            Version::HTTP_3 => 5,
            _ => 0,
        })
    }
}

impl ErrorType {
    const OTHER: Self = Self(1);
    const CANCELLED: Self = Self(2);
    const PANIC: Self = Self(3);
    const CLIENT_ERROR: Self = Self(4);
    pub(crate) const SERVER_ERROR: Self = Self(5);

    /// The status that is the error.
    fn of_status(status: u16) -> Self {
        let text = Status::of(status).as_str();
        let registered = Self::TEXTS.iter().position(|known| *known == text);
        registered.map_or(Self::SERVER_ERROR, |at| Self(at as u8))
    }
}

impl HttpLabel for ErrorType {
    fn read(exchange: &Exchange) -> Self {
        match (exchange.outcome(), exchange.sent()) {
            (Outcome::Panicked, _) => Self::PANIC,
            (Outcome::Failed, _) => Self::OTHER,
            // Also if the client did not wait for all of it: the status is what went wrong.
            (_, Some(status @ 500..)) => Self::of_status(status),
            (_, Some(400..)) if exchange.is_call() => Self::CLIENT_ERROR,
            (Outcome::Cancelled, _) => Self::CANCELLED,
            (Outcome::Completed, _) => Self(0),
        }
    }
}

/// The status that was sent, `http_response_status_code` of the convention; empty if none was.
///
/// [`Status`] has a code for every ending instead, such as 499 for a client that went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SentStatus(Option<Status>);

impl SentStatus {
    /// Every text: none, and then those of [`Status`].
    const TEXTS: [&'static str; Status::ALL.len() + 1] = {
        let mut texts = [""; Status::ALL.len() + 1];
        let mut at = 0;
        while at < Status::ALL.len() {
            texts[at + 1] = Status::ALL[at].as_str();
            at += 1;
        }
        texts
    };

    /// The status; none if none was sent.
    #[must_use]
    pub const fn get(self) -> Option<Status> {
        self.0
    }
}

impl Label for SentStatus {
    const CARDINALITY: usize = Self::TEXTS.len();
    const VALUES: Values = Values::Closed(&Self::TEXTS);

    #[inline]
    fn index(self) -> usize {
        self.0.map_or(0, |status| status.index() + 1)
    }

    fn text(index: usize) -> &'static str {
        Self::TEXTS[index]
    }
}

/// The route template, `http_route` of the convention; empty for what matched no route.
///
/// It has room for the first `CAP` templates of [`Route`], 64 unless told, of which the value of what
/// matched none is one. A family of the convention has so many labels that its series add up; a
/// service with more routes declares its families with a larger `CAP`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HttpRoute<const CAP: usize = 64>(usize);

impl<const CAP: usize> HttpRoute<CAP> {
    /// What replaces a template that found no room.
    pub const OVERFLOW: Self = Self(0);

    /// The text of the value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::text(self.0)
    }
}

impl<const CAP: usize> Label for HttpRoute<CAP> {
    const CARDINALITY: usize = CAP + 1;
    const VALUES: Values = Values::Capped(CAP);

    #[inline]
    fn index(self) -> usize {
        self.0
    }

    fn text(index: usize) -> &'static str {
        match index {
            0 => OVERFLOW,
            index if index == Route::unmatched().index() => "",
            index => Route::text(index),
        }
    }
}

impl<const CAP: usize> HttpLabel for HttpRoute<CAP> {
    fn read(exchange: &Exchange) -> Self {
        let index = exchange.route().index();
        if index <= CAP {
            return Self(index);
        }
        let label = LabelName::of("http_route");
        throughline_label_overflow_total.with((label,)).increment(1);
        Self::OVERFLOW
    }
}

impl<const CAP: usize> fmt::Debug for HttpRoute<CAP> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpRoute").field(&self.as_str()).finish()
    }
}

macro_rules! read {
    ($($label:ident: $exchange:ident => $value:expr;)*) => {$(
        impl HttpLabel for $label {
            fn read($exchange: &Exchange) -> Self {
                $value
            }
        }
    )*};
}

read! {
    Scheme: exchange => exchange.scheme();
    ProtocolVersion: exchange => exchange.version();
    StatusClass: exchange => Self::of(exchange.status());
    SentStatus: exchange => Self(exchange.sent().map(Status::of));
}

impl StartLabel for Scheme {}
impl StartLabel for ProtocolVersion {}
impl<const CAP: usize> StartLabel for HttpRoute<CAP> {}
impl HeadLabel for Scheme {}
impl HeadLabel for ProtocolVersion {}
impl HeadLabel for StatusClass {}
impl HeadLabel for SentStatus {}
impl<const CAP: usize> HeadLabel for HttpRoute<CAP> {}
