//! Ids as they go out and as they come back.

use crate::http::Response;

/// The ids that one caller sent along.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// The trace, 32 digits.
    pub trace_id: &'static str,
    /// The caller's own span, 16 digits.
    pub span_id: &'static str,
    /// The request id.
    pub request_id: &'static str,
}

/// What the job with ids sends: nobody else makes these.
pub(super) const SENT: Sent = Sent {
    trace_id: "7407a1e0c0ffee00decade0123456789",
    span_id: "5eed5eed00c0ffee",
    request_id: "smoke-7f3a91-caller",
};

/// A secret that a caller sends as its credentials; it may appear nowhere.
pub(super) const SECRET: &str = "eyJhbGciOi-not-for-any-log-5b1d";

/// The trace id in `traceresponse`: `00-TRACE-SPAN-FLAGS`.
pub(super) fn trace_of(response: &Response) -> Option<String> {
    let header = response.header("traceresponse")?;
    let mut parts = header.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (version == "00" && trace.len() == 32 && hex(trace)).then(|| trace.to_owned())
}
