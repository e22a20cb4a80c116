//! Which method a request's path names, and whether that is known.

use crate::{
    labels::{CallType, Method},
    layer::{Config, Side},
};

/// The longest name that is kept of a method without a label, in characters.
const MAX_LEN: usize = 128;

/// The method of a call, as far as it is known when the call begins.
#[derive(Debug)]
pub(crate) enum Named {
    /// It has a label, and so a text that lives as long as the process.
    Known(Method, CallType),
    /// It has none: this is what the caller said, cut.
    Unknown(Box<str>),
}

impl Named {
    /// Reads a request's path, `/package.Service/Method`.
    ///
    /// A client's methods are its own program's; a server's are its clients', so none is made before
    /// a handler has answered. A layer that was told its methods makes none at all.
    pub(crate) fn read(config: &Config, path: &str) -> Self {
        let text = path.strip_prefix('/').unwrap_or(path);
        let found = match (&config.methods, config.side) {
            (Some(methods), _) => methods.find(text),
            (None, Side::Server) => Method::get(text).map(untyped),
            (None, Side::Client) => Some(Method::of(text))
                .filter(|method| *method != Method::OVERFLOW)
                .map(untyped),
        };
        match found {
            Some((method, call_type)) => Self::Known(method, call_type),
            None => Self::Unknown(text.chars().take(MAX_LEN).collect()),
        }
    }

    /// The labels while the call runs.
    pub(crate) fn at_start(&self, config: &Config) -> (Method, CallType) {
        match self {
            Self::Known(method, call_type) => (*method, *call_type),
            Self::Unknown(_) if config.side == Side::Client && config.methods.is_none() => {
                untyped(Method::OVERFLOW)
            }
            Self::Unknown(_) => untyped(config.other),
        }
    }

    /// The label once a handler has answered the call.
    pub(crate) fn learned(&self) -> Method {
        match self {
            Self::Known(method, _) => *method,
            Self::Unknown(text) => Method::of(text),
        }
    }
}

const fn untyped(method: Method) -> (Method, CallType) {
    (method, CallType::Unknown)
}
