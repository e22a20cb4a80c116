//! What is read off the wire: messages, deadlines, statuses, errors.

mod base64;
pub(crate) mod classify;
pub(crate) mod deadline;
mod frames;
mod web;

pub(crate) use self::frames::{Passed, Reader, each_chunk};

use http::{HeaderMap, HeaderName, HeaderValue, header::CONTENT_TYPE};

/// So few headers are looked through sooner than one is hashed.
const FEW: usize = 4;

/// The first value under `name`. Most heads of responses and all trailers have few others.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    if headers.len() <= FEW {
        let mut all = headers.iter();
        all.find_map(|(key, value)| (key == name).then_some(value))
    } else {
        headers.get(name)
    }
}

/// What a `content-type` says about a body's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Messages, and the status in trailers of HTTP.
    Grpc,
    /// Messages, and the status in a last frame of the body.
    Web,
    /// The same in base64.
    WebText,
}

impl Framing {
    /// None if it is no gRPC.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = find(headers, &CONTENT_TYPE)?.as_bytes();
        let rest = kind.strip_prefix(b"application/grpc")?;
        let starts = |prefix: &[u8]| {
            rest.strip_prefix(prefix)
                .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';' | b' ')))
        };
        if starts(b"-web-text") {
            Some(Self::WebText)
        } else if starts(b"-web") {
            Some(Self::Web)
        } else {
            starts(b"").then_some(Self::Grpc)
        }
    }
}
