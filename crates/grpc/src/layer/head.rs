//! What the head of a response tells.

use http::{header::CONTENT_TYPE, response::Parts};

use crate::{
    code::{Code, GRPC_STATUS},
    wire::{Framing, find_each},
};

/// What the head of the response said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) code: Option<Code>,
    pub(super) http: u16,
    pub(super) framing: Option<Framing>,
}

impl Head {
    pub(super) fn read(head: &Parts) -> Self {
        let [status, kind] = find_each(&head.headers, [&GRPC_STATUS, &CONTENT_TYPE]);
        Self {
            code: status.map(|status| Code::parse(status.as_bytes())),
            http: head.status.as_u16(),
            framing: kind.and_then(|kind| Framing::parse(kind.as_bytes())),
        }
    }

    /// Whether a handler must have answered. A router refuses a name that nobody serves with a
    /// status in the head, and so do interceptors, limits and the like, whichever the name.
    pub(super) fn is_a_handlers(self) -> bool {
        self.framing.is_some() && self.http == 200 && matches!(self.code, None | Some(Code::Ok))
    }
}
