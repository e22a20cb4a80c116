//! Which method a request's path names, and whether that is known.

use crate::{labels::Method, layer::Side};

/// The longest name that is kept of a method without a label, in characters.
const MAX_LEN: usize = 128;

/// The method of a call, as far as it is known when the call begins.
#[derive(Debug)]
pub(crate) enum Named {
    /// It has a label, and so a text that lives as long as the process.
    Known(Method),
    /// It has none: this is what the caller said, cut.
    Unknown(Box<str>),
}

impl Named {
    /// Reads a request's path, `/package.Service/Method`.
    ///
    /// A client's methods are its own program's; a server's are its clients', so none is made before
    /// a handler has answered.
    pub(crate) fn read(side: Side, path: &str) -> Self {
        let text = path.strip_prefix('/').unwrap_or(path);
        let method = match side {
            Side::Client => Some(Method::of(text)).filter(|method| *method != Method::OVERFLOW),
            Side::Server => Method::get(text),
        };
        match method {
            Some(method) => Self::Known(method),
            None => Self::Unknown(text.chars().take(MAX_LEN).collect()),
        }
    }

    /// The label while the call runs.
    pub(crate) fn at_start(&self, side: Side) -> Method {
        match (self, side) {
            (Self::Known(method), _) => *method,
            (Self::Unknown(_), Side::Client) => Method::OVERFLOW,
            (Self::Unknown(_), Side::Server) => Method::other(),
        }
    }

    /// The label once a handler has answered the call.
    pub(crate) fn learned(&self) -> Method {
        match self {
            Self::Known(method) => *method,
            Self::Unknown(text) => Method::of(text),
        }
    }
}
