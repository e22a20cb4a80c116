//! Texts of errors, which are recorded for those alone who ask for them.

use std::{borrow::Cow, error::Error, fmt::Write as _};

use http::HeaderMap;

use crate::wire::classify::below;

/// Makes what may be seen of a text that somebody wrote.
pub(crate) type Scrub = fn(&str) -> Cow<'_, str>;

/// The longest text that is recorded, in bytes.
const MAX_LEN: usize = 1024;

/// The `grpc-message` among these headers or trailers.
pub(crate) fn message(headers: &HeaderMap, scrub: Scrub) -> Option<String> {
    let message = headers.get("grpc-message")?.as_bytes();
    let decoded = decode(message);
    Some(cut(scrub(&String::from_utf8_lossy(&decoded)).into_owned()))
}

/// An error with the causes that it tells.
pub(crate) fn chain(error: &(dyn Error + 'static), scrub: Scrub) -> String {
    let mut text = error.to_string();
    let mut next = below(error);
    while let Some(cause) = next
        && text.len() < MAX_LEN
    {
        // Many an error repeats its cause.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        next = below(cause);
    }
    cut(scrub(&text).into_owned())
}

fn cut(mut text: String) -> String {
    let mut end = MAX_LEN.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// Takes gRPC's percent encoding off; what is none stays as it is.
fn decode(text: &[u8]) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let byte = match after {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match byte {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}
