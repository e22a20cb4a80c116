//! Percent-encoding, as W3C Baggage uses it.

use std::borrow::Cow;

use crate::hex;

/// Decodes a value. Octets that are no UTF-8 become U+FFFD, and a percent sign without two digits
/// after it stays, as the specification has it.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%'
            && let [high, low, after @ ..] = after
            && let (Some(high), Some(low)) = (hex::digit(*high), hex::digit(*low))
        {
            octets.push(high << 4 | low);
            rest = after;
        } else {
            octets.push(*first);
        }
    }
    match String::from_utf8(octets) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Appends a value, encoded: all but letters, digits and `-`, `.`, `_`, `~`, so that every reader
/// agrees on it.
pub(super) fn encode(value: &str, into: &mut String) {
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(octet));
        } else {
            let digit = |n: u8| char::from(b"0123456789ABCDEF"[usize::from(n)]);
            into.extend(['%', digit(octet >> 4), digit(octet & 0xf)]);
        }
    }
}
