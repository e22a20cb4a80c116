//! The trace context as a value, without a context of OpenTelemetry around it.

use crate::{
    carrier::{Extract, Inject},
    families::{Reason, rejected},
    name::{GRPC_TRACE_BIN, TRACEPARENT, TRACESTATE},
    traceparent::TraceParent,
    tracestate::{Reader, TraceState},
};

/// What a caller says of its trace: the parent, and the state if there is one.
///
/// [`extract`](crate::extract) puts it in an OpenTelemetry `Context`, which is what spans need and
/// costs that type's allocations. Whoever passes a message on without a span of its own needs none:
/// reading a parent from headers allocates nothing, and writing it the header's value alone.
///
/// ```
/// use http::HeaderMap;
/// use throughline_context::TraceContext;
///
/// let mut headers = HeaderMap::new();
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// headers.insert("traceparent", parent.parse().unwrap());
///
/// let trace = TraceContext::extract(&headers).unwrap();
/// assert!(trace.parent().flags().is_sampled());
/// let mut onward = HeaderMap::new();
/// trace.inject(&mut onward);
/// assert_eq!(onward, headers);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    parent: TraceParent,
    state: Option<TraceState>,
}

impl TraceContext {
    /// A trace context of these parts.
    #[must_use]
    pub const fn new(parent: TraceParent, state: Option<TraceState>) -> Self {
        Self { parent, state }
    }

    /// Reads `traceparent` and `tracestate`. Never fails: what is malformed, or a repeated parent, is
    /// counted and left out.
    #[must_use]
    #[inline]
    pub fn extract(carrier: &impl Extract) -> Option<Self> {
        match w3c_parent(carrier) {
            Sent::Valid(parent) => Some(Self::new(parent, state(carrier))),
            Sent::Nothing | Sent::Refused => None,
        }
    }

    /// Writes `traceparent`, and `tracestate` or nothing in its place.
    ///
    /// There is no budget: the longest state has 16 kB. See [`Propagator`](crate::Propagator).
    #[inline]
    pub fn inject(&self, carrier: &mut impl Inject) {
        self.parent.with_text(|text| carrier.set(TRACEPARENT, text));
        match &self.state {
            Some(state) => carrier.set(TRACESTATE, state.as_str()),
            None => carrier.remove(TRACESTATE),
        }
    }

    /// The parent.
    #[must_use]
    pub const fn parent(&self) -> &TraceParent {
        &self.parent
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> Option<&TraceState> {
        self.state.as_ref()
    }

    pub(crate) fn into_parts(self) -> (TraceParent, Option<TraceState>) {
        (self.parent, self.state)
    }
}

/// What a carrier has of one kind of parent.
pub(crate) enum Sent {
    Nothing,
    Refused,
    Valid(TraceParent),
}

#[inline]
pub(crate) fn w3c_parent(carrier: &impl Extract) -> Sent {
    match the_one(carrier, TRACEPARENT) {
        Values::None => Sent::Nothing,
        Values::One(value) => match TraceParent::parse(value) {
            Ok(parent) => Sent::Valid(parent),
            Err(_) => refused(Reason::TraceparentMalformed),
        },
        Values::More => refused(Reason::TraceparentRepeated),
    }
}

pub(crate) fn binary_parent(carrier: &impl Extract) -> Sent {
    match the_one(carrier, GRPC_TRACE_BIN) {
        Values::None => Sent::Nothing,
        Values::One(value) => match TraceParent::parse_binary(value) {
            Ok(parent) => Sent::Valid(parent),
            Err(_) => refused(Reason::BinaryMalformed),
        },
        Values::More => refused(Reason::BinaryRepeated),
    }
}

fn refused(reason: Reason) -> Sent {
    rejected(reason);
    Sent::Refused
}

enum Values<'a> {
    None,
    One(&'a [u8]),
    More,
}

#[inline]
fn the_one<'a>(carrier: &'a impl Extract, name: &'static str) -> Values<'a> {
    let mut seen = Values::None;
    carrier.values(name, |value| {
        seen = match seen {
            Values::None => Values::One(value),
            Values::One(_) | Values::More => Values::More,
        };
    });
    seen
}

#[inline]
pub(crate) fn state(carrier: &impl Extract) -> Option<TraceState> {
    let mut reader = None;
    carrier.values(TRACESTATE, |value| {
        let so_far = reader.get_or_insert_with(|| Ok(Reader::default()));
        if let Ok(list) = so_far
            && let Err(why) = list.read(value)
        {
            *so_far = Err(why);
        }
    });
    match reader? {
        Ok(reader) => reader.finish(),
        Err(why) => {
            rejected(if why.is_too_many() {
                Reason::TracestateTooMany
            } else {
                Reason::TracestateMalformed
            });
            None
        }
    }
}
