//! How a call ended, from what has been seen of it.

use std::time::Duration;

use throughline_completion::Completion;

use super::{Side, head::Head};
use crate::{
    code::Code,
    labels::Outcome,
    wire::{classify, deadline},
};

/// What has been seen of a call until its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) side: Side,
    pub(super) head: Option<Head>,
    /// The status that stood in a body of gRPC-Web.
    pub(super) web: Option<Code>,
    pub(super) deadline: Option<Duration>,
    pub(super) took: Option<Duration>,
}

impl Seen {
    /// What it means together with how the response ended.
    pub(super) fn ending(self, how: Completion<'_>) -> (Code, Outcome) {
        match how {
            Completion::Head => {
                let code = self.head.and_then(|head| head.code);
                (code.unwrap_or_else(|| self.absent()), Outcome::Completed)
            }
            Completion::Trailers(trailers) => {
                let code = Code::read(trailers).or(self.web);
                (code.unwrap_or_else(|| self.absent()), Outcome::Completed)
            }
            Completion::End => {
                let code = self.web.unwrap_or_else(|| self.absent());
                (code, Outcome::Completed)
            }
            Completion::Failed(failure) => {
                let code = match classify::code_of(self.side, failure.error()) {
                    // A server whose timer is first resets the stream with the reason of one that
                    // has given up.
                    Code::Cancelled => self.dropped(),
                    code => code,
                };
                (code, Outcome::Failed)
            }
            Completion::Panicked(_) => (Code::Internal, Outcome::Panicked),
            // Also of endings that a later version of the observer may tell apart.
            _ => match self.web {
                // Once the last frame has passed, nothing follows that anybody would wait for.
                Some(code) => (code, Outcome::Completed),
                None => (self.dropped(), Outcome::Cancelled),
            },
        }
    }

    /// What stands for a status that there was not.
    fn absent(self) -> Code {
        self.head
            .map_or(Code::Unknown, |head| Code::of_http(head.http))
    }

    /// The deadline's timer stands further out than the layer, or at the other end, so all that can be
    /// seen is a drop or a reset at about that time.
    fn dropped(self) -> Code {
        match self.deadline.zip(self.took) {
            Some((deadline, took)) if deadline::passed(deadline, took) => Code::DeadlineExceeded,
            _ => Code::Cancelled,
        }
    }
}
