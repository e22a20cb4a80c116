//! The `traceparent` header: W3C Trace Context Level 2, section 3.2.

use std::fmt;

use opentelemetry::trace::{SpanId, TraceFlags, TraceId};

use crate::hex;

/// The length of a version 00 header.
const LEN: usize = 55;

/// A `traceparent`: which trace, which span of it, and the flags.
///
/// ```
/// use throughline_context::TraceParent;
///
/// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let parent = TraceParent::parse(text.as_bytes()).unwrap();
/// assert!(parent.flags().is_sampled());
/// assert_eq!(parent.to_string(), text);
/// assert!(TraceParent::parse(text.to_uppercase().as_bytes()).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: TraceFlags,
}

/// The text is no `traceparent`, so there is no parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTraceParent;

impl fmt::Display for InvalidTraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a traceparent as W3C Trace Context defines it")
    }
}

impl std::error::Error for InvalidTraceParent {}

impl TraceParent {
    /// The flags that the specification defines: sampled and random. Others are reserved and are
    /// neither kept nor sent on.
    const KNOWN_FLAGS: u8 = 0x03;

    /// A parent of these parts; nothing if an id is all zeros.
    #[must_use]
    pub fn new(trace_id: TraceId, span_id: SpanId, flags: TraceFlags) -> Option<Self> {
        if trace_id == TraceId::INVALID || span_id == SpanId::INVALID {
            return None;
        }
        let flags = TraceFlags::new(flags.to_u8() & Self::KNOWN_FLAGS);
        Some(Self {
            trace_id,
            span_id,
            flags,
        })
    }

    /// Reads a header's value; spaces and tabs around it are allowed.
    ///
    /// A version above 00 is read as 00, as section 4.3 asks.
    ///
    /// # Errors
    /// If lengths, digits or ids are not as the specification says.
    #[inline]
    pub fn parse(value: &[u8]) -> Result<Self, InvalidTraceParent> {
        // Nearly every caller's has this length, and nothing around it.
        if let Ok(known) = value.try_into()
            && let Some(parent) = Self::read(known, &[])
        {
            return Ok(parent);
        }
        Self::parse_trimmed(trim(value))
    }

    fn parse_trimmed(value: &[u8]) -> Result<Self, InvalidTraceParent> {
        let (known, rest) = value.split_first_chunk().ok_or(InvalidTraceParent)?;
        Self::read(known, rest).ok_or(InvalidTraceParent)
    }

    #[inline]
    fn read(known: &[u8; LEN], rest: &[u8]) -> Option<Self> {
        let [v0, v1, b'-', .., b'-', f0, f1] = known else {
            return None;
        };
        let (trace_id, span_id) = known[3..LEN - 3].split_at(32);
        let [b'-', span_id @ ..] = span_id else {
            return None;
        };
        // All digits of the header in one array, so that they are read in one go.
        let mut digits = [b'0'; 64];
        digits[..32].copy_from_slice(trace_id);
        digits[32..48].copy_from_slice(span_id);
        digits[48..52].copy_from_slice(&[*v0, *v1, *f0, *f1]);
        let bytes: [u8; 32] = hex::read(&digits)?;
        let (trace_id, bytes) = bytes.split_first_chunk()?;
        let (span_id, [version, flags, ..]) = bytes.split_first_chunk()? else {
            return None;
        };
        let trace_id = TraceId::from_bytes(*trace_id);
        let span_id = SpanId::from_bytes(*span_id);
        if trace_id == TraceId::INVALID || span_id == SpanId::INVALID {
            return None;
        }
        match (version, rest) {
            (0xff, _) => return None,
            (0, []) | (1.., [] | [b'-', ..]) => {}
            _ => return None,
        }
        Some(Self {
            trace_id,
            span_id,
            flags: TraceFlags::new(flags & Self::KNOWN_FLAGS),
        })
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span of the caller.
    #[must_use]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Sampled and random.
    #[must_use]
    pub const fn flags(&self) -> TraceFlags {
        self.flags
    }

    /// Gives the header's value, always of version 00, to `take`; no allocation.
    #[inline]
    pub fn with_text<R>(&self, take: impl FnOnce(&str) -> R) -> R {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.trace_id.to_bytes());
        bytes[16..24].copy_from_slice(&self.span_id.to_bytes());
        bytes[24] = self.flags.to_u8();
        let digits: [u8; 64] = hex::write(&bytes);
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        text[3..35].copy_from_slice(&digits[..32]);
        text[36..52].copy_from_slice(&digits[32..48]);
        text[53..].copy_from_slice(&digits[48..50]);
        take(std::str::from_utf8(&text).expect("digits and hyphens are ASCII"))
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

/// Optional white space of HTTP: spaces and tabs only.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
