//! What the head of a response tells.

use http::response::Parts;

use crate::{code::Code, wire::Framing};

/// What the head of the response said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) code: Option<Code>,
    pub(super) http: u16,
    pub(super) framing: Option<Framing>,
}

impl Head {
    pub(super) fn read(head: &Parts) -> Self {
        Self {
            code: Code::read(&head.headers),
            http: head.status.as_u16(),
            framing: Framing::of(&head.headers),
        }
    }

    /// Whether a handler must have answered. A router refuses a name that nobody serves with a
    /// status in the head, and so do interceptors, limits and the like, whichever the name.
    pub(super) fn is_a_handlers(self) -> bool {
        self.framing.is_some() && self.http == 200 && matches!(self.code, None | Some(Code::Ok))
    }
}
