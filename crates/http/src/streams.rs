//! Responses that last as long as they like.

use http::{HeaderMap, header::CONTENT_TYPE, response::Parts};

use crate::labels::Method;

/// What becomes of the durations of streams: `text/event-stream`, `application/grpc`, and connections
/// that changed their protocol (101, and a `CONNECT` that succeeded).
///
/// How long a client listens says nothing about how fast a service is, and a few hours of it spoil
/// every quantile. See [`ServerLayer::streams`](crate::ServerLayer::streams).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Streams {
    /// They are in the duration family, like any other response.
    #[default]
    Included,
    /// They are in no duration family, or in the one of
    /// [`ServerLayer::stream_duration`](crate::ServerLayer::stream_duration).
    Excluded,
}

/// Whether this is the head of a stream.
pub(crate) fn is_stream(method: Method, head: &Parts) -> bool {
    match head.status.as_u16() {
        101 => true,
        200..=299 if method == Method::Connect => true,
        _ => says_so(&head.headers),
    }
}

fn says_so(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    let media_type = value.as_bytes().split(|byte| *byte == b';').next();
    let media_type = media_type.unwrap_or_default().trim_ascii();
    media_type.eq_ignore_ascii_case(b"text/event-stream")
        || media_type
            .get(..GRPC.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
            // `application/grpc+proto` and `application/grpc-web` are gRPC too.
            && matches!(media_type.get(GRPC.len()), None | Some(b'+' | b'-'))
}

const GRPC: &[u8] = b"application/grpc";
