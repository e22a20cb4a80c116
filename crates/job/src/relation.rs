//! How a job's span stands to the span that its message was made in.

use std::time::Duration;

/// How the consumer's span stands to the message's creation context, that is the span in which the
/// message was sent. It links to it in every case.
///
/// | | its parent is the creation context |
/// |---|---|
/// | [`Auto`](Self::Auto) | for a first attempt at a single, young message that was due at once, where no other span is active |
/// | [`Parent`](Self::Parent) | always, except of a batch, and of a message that [`Trust::Edge`](throughline_context::Trust::Edge) does not believe |
/// | [`Link`](Self::Link) | never |
///
/// Where it is not, the span begins a trace of its own, or goes on under the span that is active. A
/// retry must not stretch a trace over hours, nor inherit a decision to sample that is long past; with
/// `Parent` all attempts are siblings in the trace of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Relation {
    /// As OpenTelemetry's messaging conventions have it: a link, and a parent where nothing is lost by
    /// it.
    Auto {
        /// How old the message may be.
        parent_within: Duration,
    },
    /// The creation context is the parent.
    Parent,
    /// The creation context is no parent.
    Link,
}

/// [`Auto`](Relation::Auto) within ten minutes.
impl Default for Relation {
    fn default() -> Self {
        Self::Auto {
            parent_within: Duration::from_secs(600),
        }
    }
}
