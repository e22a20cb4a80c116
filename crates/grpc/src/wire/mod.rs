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
#[inline]
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let [value] = find_each(headers, [name]);
    value
}

/// The first value under each of these names.
#[inline]
pub(crate) fn find_each<'a, const N: usize>(
    headers: &'a HeaderMap,
    names: [&HeaderName; N],
) -> [Option<&'a HeaderValue>; N] {
    if FEW < headers.len() {
        return names.map(|name| headers.get(name));
    }
    let mut found = [None; N];
    for (key, value) in headers {
        if let Some(at) = names.iter().position(|name| *name == key) {
            found[at].get_or_insert(value);
        }
    }
    found
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
        Self::parse(find(headers, &CONTENT_TYPE)?.as_bytes())
    }

    /// By the value of the header.
    pub(crate) fn parse(kind: &[u8]) -> Option<Self> {
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
