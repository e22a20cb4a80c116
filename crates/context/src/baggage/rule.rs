//! What crosses a boundary.

use std::{fmt, sync::Arc};

/// Which members of the baggage cross a boundary; see
/// [`PropagatorBuilder::baggage`](crate::PropagatorBuilder::baggage).
///
/// None by default. Baggage is whatever anybody on the way put in, and a client layer does not know
/// whether the far end is ours, so what leaves a service is said by key.
///
/// ```
/// use throughline_context::{BaggageRule, Propagator};
///
/// let ours = Propagator::builder().baggage(BaggageRule::only(["tenant-tier"])).build();
/// assert!(ours.is_ok());
/// let error = Propagator::builder().baggage(BaggageRule::only(["api-token"])).build().unwrap_err();
/// assert!(error.to_string().contains("api-token"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BaggageRule(Kind);

#[derive(Clone, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Only(Arc<[Box<str>]>),
    All,
}

impl BaggageRule {
    /// Nothing crosses.
    #[must_use]
    pub const fn none() -> Self {
        Self(Kind::None)
    }

    /// Everything crosses, unchanged. Between services that are all ours: whoever can reach one of
    /// them can put in what reaches every other, and what they call.
    #[must_use]
    pub const fn all() -> Self {
        Self(Kind::All)
    }

    /// The members of these keys cross. Keys are told apart by case.
    #[must_use]
    pub fn only<K: Into<Box<str>>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self(Kind::Only(keys.into_iter().map(Into::into).collect()))
    }

    pub(crate) const fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }

    pub(crate) fn allows(&self, key: &str) -> bool {
        match &self.0 {
            Kind::None => false,
            Kind::Only(keys) => keys.iter().any(|allowed| &**allowed == key),
            Kind::All => true,
        }
    }

    pub(crate) fn keys(&self) -> &[Box<str>] {
        match &self.0 {
            Kind::Only(keys) => keys,
            Kind::None | Kind::All => &[],
        }
    }
}

impl fmt::Debug for BaggageRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::None => f.write_str("none"),
            Kind::Only(keys) => f.debug_set().entries(keys.iter()).finish(),
            Kind::All => f.write_str("all"),
        }
    }
}

/// A token of HTTP, RFC 9110, section 5.6.2.
pub(crate) fn is_key(key: &str) -> bool {
    let mark = |b: u8| b"!#$%&'*+-.^_`|~".contains(&b);
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || mark(b))
}
