//! The `tracestate` header: W3C Trace Context Level 2, section 3.3.

use std::{fmt, sync::Arc};

use crate::traceparent::trim;

const MAX_MEMBERS: usize = 32;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

/// A valid `tracestate`, kept as it came: members in order, joined by commas.
///
/// ```
/// use throughline_context::TraceState;
///
/// let state = TraceState::parse([b"a=1 , ".as_slice(), b"foo@@bar=2"]).unwrap().unwrap();
/// assert_eq!(state.as_str(), "a=1,foo@@bar=2");
/// assert_eq!(TraceState::parse([b"".as_slice()]), Ok(None));
/// assert!(TraceState::parse([b"a=1,B=2".as_slice()]).is_err(), "one bad member spoils the list");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceState(Arc<str>);

/// The list is not valid and is dropped as a whole; the trace goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTraceState;

impl fmt::Display for InvalidTraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a tracestate as W3C Trace Context defines it")
    }
}

impl std::error::Error for InvalidTraceState {}

impl TraceState {
    /// Reads the list from its header values; several are one list. An empty list is nothing.
    ///
    /// # Errors
    /// If a member is malformed or there are more than 32.
    pub fn parse<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Self>, InvalidTraceState> {
        let mut reader = Reader::default();
        values
            .into_iter()
            .try_for_each(|value| reader.read(value))?;
        Ok(reader.finish())
    }

    /// The list as a header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Joins header values to one list, one value at a time.
#[derive(Default)]
pub(crate) struct Reader {
    list: String,
    members: usize,
}

impl Reader {
    pub(crate) fn read(&mut self, value: &[u8]) -> Result<(), InvalidTraceState> {
        for member in value
            .split(|b| *b == b',')
            .map(trim)
            .filter(|member| !member.is_empty())
        {
            self.members += 1;
            if MAX_MEMBERS < self.members || !is_member(member) {
                return Err(InvalidTraceState);
            }
            if !self.list.is_empty() {
                self.list.push(',');
            }
            self.list
                .push_str(std::str::from_utf8(member).map_err(|_| InvalidTraceState)?);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Option<TraceState> {
        (!self.list.is_empty()).then(|| TraceState(self.list.into()))
    }
}

fn is_member(member: &[u8]) -> bool {
    let Some(at) = member.iter().position(|b| *b == b'=') else {
        return false;
    };
    let (key, value) = (&member[..at], &member[at + 1..]);
    is_key(key) && is_value(value)
}

/// Section 3.3.1.3.1: begins with a lower-case letter or a digit; Level 2 allows `@` anywhere after.
fn is_key(key: &[u8]) -> bool {
    let first = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let later = |b: &u8| first(b) || matches!(b, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= MAX_KEY && key.first().is_some_and(first) && key.iter().all(later)
}

/// Section 3.3.1.3.2: printable ASCII without `,` and `=`. It may not end in a space either, and the
/// space around a member, which is trimmed, leaves none.
fn is_value(value: &[u8]) -> bool {
    (1..=MAX_VALUE).contains(&value.len())
        && value
            .iter()
            .all(|b| matches!(b, b' '..=b'~') && !matches!(b, b',' | b'='))
}
