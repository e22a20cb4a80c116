//! What an error that is no status is called on a span: one of a few words, never its text.

use std::{error::Error, io};

use throughline_completion::Failure;

/// An error's chain of sources could be a ring.
const DEEPEST: usize = 16;

/// The class of a failure: `timeout`, `connect`, a word for what the operating system said, or
/// `_OTHER`.
pub(super) fn class(failure: &Failure<'_>) -> &'static str {
    let Some(error) = known(failure) else {
        return OTHER;
    };
    let (mut found, mut next) = (None, Some(error));
    for _ in 0..DEEPEST {
        let Some(error) = next else { break };
        // The deepest cause says the most, and what stands around it is more general.
        found = word(error).or(found);
        next = error.source();
    }
    found.unwrap_or(OTHER)
}

const OTHER: &str = "_OTHER";

/// The failure as an error whose causes can be asked for, if its type is one that we know.
fn known<'a>(failure: &Failure<'a>) -> Option<&'a (dyn Error + 'static)> {
    if let Some(boxed) = failure.downcast_ref::<Box<dyn Error + Send + Sync>>() {
        return Some(boxed.as_ref());
    }
    #[cfg(feature = "hyper-util")]
    if let Some(error) = failure.downcast_ref::<hyper_util::client::legacy::Error>() {
        return Some(error);
    }
    #[cfg(feature = "hyper-util")]
    if let Some(error) = failure.downcast_ref::<hyper::Error>() {
        return Some(error);
    }
    #[cfg(feature = "reqwest")]
    if let Some(error) = failure.downcast_ref::<reqwest::Error>() {
        return Some(error);
    }
    Some(failure.downcast_ref::<io::Error>()?)
}

fn word(error: &(dyn Error + 'static)) -> Option<&'static str> {
    #[cfg(feature = "reqwest")]
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return match () {
            () if error.is_timeout() => Some("timeout"),
            () if error.is_connect() => Some("connect"),
            () => None,
        };
    }
    #[cfg(feature = "hyper-util")]
    if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
        return error.is_connect().then_some("connect");
    }
    #[cfg(feature = "hyper-util")]
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return match () {
            () if error.is_timeout() => Some("timeout"),
            () if error.is_incomplete_message() => Some("unexpected_eof"),
            () => None,
        };
    }
    error.downcast_ref::<io::Error>().and_then(of_kind)
}

fn of_kind(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some("connection_refused"),
        io::ErrorKind::ConnectionReset => Some("connection_reset"),
        io::ErrorKind::ConnectionAborted => Some("connection_aborted"),
        io::ErrorKind::BrokenPipe => Some("broken_pipe"),
        io::ErrorKind::HostUnreachable => Some("host_unreachable"),
        io::ErrorKind::NetworkUnreachable => Some("network_unreachable"),
        io::ErrorKind::TimedOut => Some("timeout"),
        io::ErrorKind::UnexpectedEof => Some("unexpected_eof"),
        _ => None,
    }
}
