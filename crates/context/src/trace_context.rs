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
        let headers = Headers::find(carrier);
        match headers.w3c(carrier) {
            Sent::Valid(trace) => Some(trace),
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

/// What a carrier has of one form of the context.
pub(crate) enum Sent<T> {
    Nothing,
    Refused,
    Valid(T),
}

/// The names that a context is read from.
const NAMES: [&str; 3] = [TRACEPARENT, TRACESTATE, GRPC_TRACE_BIN];

/// The values of these, found in one go.
pub(crate) struct Headers<'a>([Values<'a>; NAMES.len()]);

#[derive(Clone, Copy)]
enum Values<'a> {
    None,
    One(&'a [u8]),
    More,
}

impl<'a> Headers<'a> {
    #[inline]
    pub(crate) fn find(carrier: &'a impl Extract) -> Self {
        let mut found = [Values::None; NAMES.len()];
        carrier.values_of(&NAMES, |place, value| {
            found[place] = match found[place] {
                Values::None => Values::One(value),
                Values::One(_) | Values::More => Values::More,
            };
        });
        Self(found)
    }

    /// What is told by `traceparent`, with the state beside it.
    #[inline(always)]
    pub(crate) fn w3c(&self, carrier: &impl Extract) -> Sent<TraceContext> {
        let Self([parent, state, _]) = self;
        match parent {
            Values::None => Sent::Nothing,
            Values::One(value) => match TraceParent::parse(value) {
                Ok(parent) => Sent::Valid(TraceContext::new(parent, read_state(*state, carrier))),
                Err(_) => refused(Reason::TraceparentMalformed),
            },
            Values::More => refused(Reason::TraceparentRepeated),
        }
    }

    /// What is told by `grpc-trace-bin`, which has no state.
    #[inline]
    pub(crate) fn binary(&self) -> Sent<TraceContext> {
        let Self([_, _, parent]) = self;
        match parent {
            Values::None => Sent::Nothing,
            Values::One(value) => match TraceParent::parse_binary(value) {
                Ok(parent) => Sent::Valid(TraceContext::new(parent, None)),
                Err(_) => refused(Reason::BinaryMalformed),
            },
            Values::More => refused(Reason::BinaryRepeated),
        }
    }
}

#[cold]
fn refused<T>(reason: Reason) -> Sent<T> {
    rejected(reason);
    Sent::Refused
}

#[inline]
fn read_state(found: Values<'_>, carrier: &impl Extract) -> Option<TraceState> {
    let mut reader = Reader::default();
    let read = match found {
        Values::None => return None,
        Values::One(value) => reader.read(value),
        // Several are one list, and are seldom sent: they are looked up again, in order.
        Values::More => {
            let mut read = Ok(());
            carrier.values(TRACESTATE, |value| {
                if read.is_ok() {
                    read = reader.read(value);
                }
            });
            read
        }
    };
    match read {
        Ok(()) => reader.finish(),
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
