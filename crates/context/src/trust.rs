//! Whom a listener believes.

use std::{fmt, str::FromStr};

use opentelemetry::{Context, trace::SpanContext};
use throughline_correlation::Ids;

use crate::{relayed::Flags, scope::Scope};

/// How far a listener trusts what its callers say of their trace.
///
/// | | trace | sampled flag | baggage |
/// |---|---|---|---|
/// | [`Keep`](Self::Keep) | the caller's | a sampler that asks is told not to follow it; goes on | as allowed |
/// | [`Edge`](Self::Edge) | a new one, linked to the caller's | dropped | dropped |
/// | [`Mesh`](Self::Mesh) | the caller's | decides | as allowed |
///
/// ```
/// use http::HeaderMap;
/// use opentelemetry::trace::TraceContextExt;
/// use throughline_context::{Trust, arrive, caller_decides, inject};
///
/// let mut headers = HeaderMap::new();
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// headers.insert("traceparent", parent.parse().unwrap());
///
/// // The trace goes on, and a sampler that asks lets no caller make us record it.
/// let kept = arrive(Trust::Keep, &headers);
/// assert!(!caller_decides(kept.parent()));
/// // The caller's own choice is still there for whoever comes after us.
/// let mut onward = HeaderMap::new();
/// inject(kept.parent(), &mut onward);
/// assert_eq!(onward, headers);
///
/// // At an edge a forged context is no parent.
/// let edge = arrive(Trust::Edge, &headers);
/// assert!(!edge.parent().has_active_span());
/// assert!(edge.link().is_some());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// The trace goes on, and whether it is recorded is decided here, by a sampler that asks
    /// [`caller_decides`](crate::caller_decides); one that does not ask sees the caller's flag and does
    /// as it does anywhere. If this process does not record, the flag goes on as it came.
    #[default]
    Keep,
    /// Callers are anybody: a new trace begins, which links to the caller's span.
    Edge,
    /// Callers are ours: the trace goes on, and so does their decision to record it.
    Mesh,
}

impl Trust {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Edge, Self::Mesh];

    /// The name in a configuration: `keep`, `edge` or `mesh`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Edge => "edge",
            Self::Mesh => "mesh",
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no kind of trust.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownTrust;

impl fmt::Display for UnknownTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trust is one of `keep`, `edge` and `mesh`")
    }
}

impl std::error::Error for UnknownTrust {}

impl FromStr for Trust {
    type Err = UnknownTrust;

    fn from_str(text: &str) -> Result<Self, UnknownTrust> {
        let named = |trust: &Self| trust.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or(UnknownTrust)
    }
}

/// What arrived with a request, as far as it is trusted; see [`arrive`](crate::arrive).
#[derive(Clone, Debug)]
pub struct Arrival {
    parent: Context,
    link: Option<SpanContext>,
    flags: Flags,
}

impl Arrival {
    pub(crate) const fn under(parent: Context, flags: Flags) -> Self {
        Self {
            parent,
            link: None,
            flags,
        }
    }

    pub(crate) const fn linked(parent: Context, link: Option<SpanContext>) -> Self {
        Self {
            parent,
            link,
            flags: Flags::NONE,
        }
    }

    /// The context to open the server's span in.
    #[must_use]
    pub const fn parent(&self) -> &Context {
        &self.parent
    }

    /// The caller's span, where the server's links to it instead of being its child.
    #[must_use]
    pub const fn link(&self) -> Option<&SpanContext> {
        self.link.as_ref()
    }

    /// The scope to serve in, of the parent and the ids that are in scope now; and the link. A layer that
    /// opens a span puts it there by [`Scope::with_context`].
    ///
    /// What the scope keeps and a context alone does not is the flags of a caller whose trace nobody here
    /// records: within the scope they go on as they came.
    #[must_use]
    #[inline(always)]
    pub fn into_parts(self) -> (Scope, Option<SpanContext>) {
        let scope = Scope::new(self.parent, Ids::current());
        (scope.of_caller(self.flags), self.link)
    }
}
