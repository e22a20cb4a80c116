//! The binary form of a parent, which older gRPC peers send as `grpc-trace-bin`.
//!
//! 29 bytes: version 0, then each field after its number: 0 and the trace id, 1 and the span id, 2 and
//! the flags. On the wire it is base64, with or without padding, as all binary metadata.

use opentelemetry::trace::{SpanId, TraceFlags, TraceId};

use crate::traceparent::{InvalidTraceParent, TraceParent, trim};

const LEN: usize = 29;
/// Base64 of 29 bytes: nine groups of three, and two bytes in three digits and a padding.
const TEXT_LEN: usize = 40;

impl TraceParent {
    /// Reads the 29 bytes of the binary form.
    ///
    /// # Errors
    /// If the length, the version, a field's number or an id is not as it must be.
    pub fn from_binary(bytes: &[u8]) -> Result<Self, InvalidTraceParent> {
        let bytes: &[u8; LEN] = bytes.try_into().map_err(|_| InvalidTraceParent)?;
        let [0, 0, trace_and_rest @ ..] = bytes else {
            return Err(InvalidTraceParent);
        };
        let (trace, rest) = trace_and_rest
            .split_first_chunk::<16>()
            .ok_or(InvalidTraceParent)?;
        let [1, span @ .., 2, flags] = rest else {
            return Err(InvalidTraceParent);
        };
        let span: [u8; 8] = span.try_into().map_err(|_| InvalidTraceParent)?;
        Self::new(
            TraceId::from_bytes(*trace),
            SpanId::from_bytes(span),
            TraceFlags::new(*flags),
        )
        .ok_or(InvalidTraceParent)
    }

    /// The 29 bytes of the binary form.
    ///
    /// ```
    /// use throughline_context::TraceParent;
    ///
    /// let text = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// let parent = TraceParent::parse(text).unwrap();
    /// let bytes = parent.to_binary();
    /// assert_eq!((bytes[0], bytes[1], bytes[18], bytes[27]), (0, 0, 1, 2));
    /// assert_eq!(TraceParent::from_binary(&bytes), Ok(parent));
    /// ```
    #[must_use]
    pub fn to_binary(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[2..18].copy_from_slice(&self.trace_id().to_bytes());
        bytes[18] = 1;
        bytes[19..27].copy_from_slice(&self.span_id().to_bytes());
        bytes[27] = 2;
        bytes[28] = self.flags().to_u8();
        bytes
    }

    /// Reads the value of `grpc-trace-bin`: base64, padded or not; spaces and tabs around it are
    /// allowed.
    ///
    /// # Errors
    /// If it is no base64 of the 29 bytes.
    pub fn parse_binary(value: &[u8]) -> Result<Self, InvalidTraceParent> {
        decode(trim(value))
            .ok_or(InvalidTraceParent)
            .and_then(|bytes| Self::from_binary(&bytes))
    }

    /// Gives the value of `grpc-trace-bin`, unpadded as gRPC asks, to `take`; no allocation.
    pub fn with_binary_text<R>(&self, take: impl FnOnce(&str) -> R) -> R {
        let text = encode(&self.to_binary());
        take(std::str::from_utf8(&text[..TEXT_LEN - 1]).expect("base64 is ASCII"))
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8; LEN]) -> [u8; TEXT_LEN] {
    let mut text = [b'='; TEXT_LEN];
    for (group, place) in bytes.chunks(3).zip(text.chunks_exact_mut(4)) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, digit) in place.iter_mut().enumerate().take(group.len() + 1) {
            *digit = DIGITS[(bits >> (18 - 6 * at) & 0x3f) as usize];
        }
    }
    text
}

fn decode(text: &[u8]) -> Option<[u8; LEN]> {
    let digits = match text {
        [digits @ .., b'='] if text.len() == TEXT_LEN => digits,
        digits if text.len() == TEXT_LEN - 1 => digits,
        _ => return None,
    };
    let mut bytes = [0; LEN];
    for (group, place) in digits.chunks(4).zip(bytes.chunks_mut(3)) {
        let mut bits = 0;
        for (at, digit) in group.iter().enumerate() {
            bits |= value(*digit)? << (18 - 6 * at);
        }
        let [_, decoded @ ..] = bits.to_be_bytes();
        place.copy_from_slice(&decoded[..place.len()]);
        // The last group has two bits too many. Nobody sets them, so that a text is one of its bytes.
        if decoded[place.len()..].iter().any(|byte| *byte != 0) {
            return None;
        }
    }
    Some(bytes)
}

const fn value(digit: u8) -> Option<u32> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    } as u32)
}
