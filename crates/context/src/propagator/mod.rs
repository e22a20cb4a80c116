//! The propagator: what is read from a carrier and what is written to one.

mod builder;
mod extract;
mod foreign;
mod global;
mod inject;
mod otel;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use throughline_correlation::Key;

pub use self::builder::PropagatorBuilder;
pub(crate) use self::extract::ids_of;
use self::foreign::Foreign;
pub use self::global::GlobalAlreadySet;
use crate::baggage::BaggageRule;

/// The bytes that a context may add to a request where nothing else is said.
const BUDGET: usize = 4_096;

/// A form of the trace context on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `traceparent` and `tracestate`, as W3C Trace Context Level 2 has them.
    W3c,
    /// `grpc-trace-bin`, the binary form of older gRPC peers. It has no state.
    GrpcTraceBin,
}

/// Which formats, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Formats(u8);

impl Formats {
    const W3C: Self = Self(1);
    const ALL: Self = Self(3);

    const fn has(self, format: Format) -> bool {
        self.0 & 1 << format as u8 != 0
    }
}

impl FromIterator<Format> for Formats {
    fn from_iter<I: IntoIterator<Item = Format>>(formats: I) -> Self {
        let bit = |format: Format| 1 << format as u8;
        Self(formats.into_iter().map(bit).fold(0, |all, one| all | one))
    }
}

/// Reads and writes everything that travels with a piece of work, as configured.
///
/// | | by default | changed by |
/// |---|---|---|
/// | read | W3C, else `grpc-trace-bin` | [`accept`](PropagatorBuilder::accept) |
/// | written | W3C | [`send`](PropagatorBuilder::send) |
/// | other formats | none | [`beside`](PropagatorBuilder::beside) |
/// | baggage | neither read nor written | [`baggage`](PropagatorBuilder::baggage) |
/// | ids | all | [`ids`](PropagatorBuilder::ids) |
/// | room for what is written | 4,096 bytes | [`budget`](PropagatorBuilder::budget) |
///
/// Layers, jobs and [`extract`](crate::extract) and its like use the process's propagator, which a
/// service sets once at its start by [`Propagator::set_global`]. It is also a `TextMapPropagator`, for
/// `opentelemetry::global::set_text_map_propagator`.
///
/// ```
/// use http::HeaderMap;
/// use opentelemetry::baggage::BaggageExt;
/// use throughline_context::{BaggageRule, Format, Propagator};
///
/// let propagator = Propagator::builder()
///     .baggage(BaggageRule::only(["tenant-tier"]))
///     .send([Format::W3c, Format::GrpcTraceBin])
///     .build()?;
///
/// let mut headers = HeaderMap::new();
/// let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// headers.insert("traceparent", parent.parse().unwrap());
/// headers.insert("baggage", "tenant-tier=gold;ttl=60,note=for%20us%20alone".parse().unwrap());
///
/// let cx = propagator.extract(&headers);
/// assert_eq!(cx.baggage().get("tenant-tier").unwrap().as_str(), "gold");
///
/// let mut onward = HeaderMap::new();
/// propagator.inject(&cx, &mut onward);
/// assert_eq!(onward["traceparent"], parent);
/// assert_eq!(onward["baggage"], "tenant-tier=gold;ttl=60");
/// assert_eq!(onward["grpc-trace-bin"].len(), 39, "29 bytes in base64");
/// # Ok::<(), throughline_context::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Propagator {
    accept: Formats,
    send: Formats,
    accept_baggage: BaggageRule,
    send_baggage: BaggageRule,
    budget: usize,
    ids: [bool; Key::ALL.len()],
    foreign: Option<Arc<[Foreign]>>,
    /// Only OpenTelemetry's own interface asks for them.
    fields: OnceLock<Vec<String>>,
}

impl Propagator {
    /// The propagator of the defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            accept: Formats::ALL,
            send: Formats::W3C,
            accept_baggage: BaggageRule::none(),
            send_baggage: BaggageRule::none(),
            budget: BUDGET,
            ids: [true; Key::ALL.len()],
            foreign: None,
            fields: OnceLock::new(),
        }
    }

    /// Changes the defaults.
    pub const fn builder() -> PropagatorBuilder {
        PropagatorBuilder::new()
    }

    fn foreign(&self) -> &[Foreign] {
        self.foreign.as_deref().unwrap_or_default()
    }

    /// The ids that it carries.
    fn keys(&self) -> impl Iterator<Item = Key> {
        Key::ALL.into_iter().filter(|key| self.carries(*key))
    }

    const fn carries(&self, key: Key) -> bool {
        self.ids[key as usize]
    }
}

impl Default for Propagator {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Propagator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let formats = |formats: Formats| {
            [Format::W3c, Format::GrpcTraceBin]
                .into_iter()
                .filter(move |format| formats.has(*format))
                .collect::<Vec<_>>()
        };
        f.debug_struct("Propagator")
            .field("accept", &formats(self.accept))
            .field("send", &formats(self.send))
            .field("accept_baggage", &self.accept_baggage)
            .field("send_baggage", &self.send_baggage)
            .field("budget", &self.budget)
            .field("ids", &self.keys().collect::<Vec<_>>())
            .field("beside", &self.foreign())
            .finish_non_exhaustive()
    }
}
