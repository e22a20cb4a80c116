//! The id of a fault, which tells another process that it has been told.

use std::{fmt, num::NonZeroU64};

use opentelemetry::{Context, trace::TraceContextExt};

use crate::families::{Mark, throughline};

/// Under which id a fault has been told: that of the span it was told in, so that the one log line is
/// found by it. Where there was no span it is random.
///
/// It is the mark that goes to another process, in the header [`FaultId::HEADER`] of an answer: one
/// bit, that the error behind the answer has been told, and where. Anybody can forge one, so it counts
/// only from a peer that is listed as ours, and then all it does is to lower a second line's level.
///
/// ```
/// use throughline_fault::FaultId;
///
/// let id = FaultId::parse(b"00f067aa0ba902b7").unwrap();
/// assert_eq!(id.to_string(), "00f067aa0ba902b7");
/// assert_eq!(FaultId::parse(b"0000000000000000"), None);
/// assert_eq!(FaultId::parse(b"00f067aa0ba902b7, told"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultId(NonZeroU64);

impl FaultId {
    /// The name of the header or of the metadata that says it.
    pub const HEADER: &'static str = "x-fault-id";

    /// That of what is told now.
    pub(crate) fn current() -> Self {
        let span = Context::map_current(|cx| cx.span().span_context().span_id());
        let id = NonZeroU64::new(u64::from_be_bytes(span.to_bytes()));
        Self(id.unwrap_or_else(|| fastrand::u64(1..).try_into().expect("it is above zero")))
    }

    /// Reads the form in which it is written: 16 lower-case hex digits, not all of them zero.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digit = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 16 || !text.iter().all(digit) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let id = u64::from_str_radix(text, 16).ok()?;
        NonZeroU64::new(id).map(Self)
    }

    /// The mark among these values of [`FaultId::HEADER`], in an answer of a peer that is listed as
    /// ours; counted, as honoured or, if it is no id or repeated, as malformed.
    pub fn of_ours<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut values = values.into_iter();
        let first = values.next()?;
        let id = Self::parse(first).filter(|_| values.next().is_none());
        count(match id {
            Some(_) => Mark::Honoured,
            None => Mark::Malformed,
        });
        id
    }

    /// As [`FaultId::of_ours`], in an answer of anybody else: whatever they say is ignored, and counted
    /// so.
    pub fn of_others<'a>(values: impl IntoIterator<Item = &'a [u8]>) {
        if values.into_iter().next().is_some() {
            count(Mark::Ignored);
        }
    }

    /// The id as a number, never zero.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        self.0.get()
    }
}

fn count(mark: Mark) {
    throughline::throughline_fault_marks_total
        .with((mark,))
        .increment(1);
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultId({self})")
    }
}
