//! The `tracestate` header: W3C Trace Context Level 2, section 3.3.

use std::{fmt, sync::Arc};

use crate::traceparent::trim;

const MAX_MEMBERS: usize = 32;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;
/// A member beyond this is the first to go where there is not room for all.
const LONG: usize = 128;

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
pub struct InvalidTraceState {
    too_many: bool,
}

impl InvalidTraceState {
    const MALFORMED: Self = Self { too_many: false };
    const TOO_MANY: Self = Self { too_many: true };

    /// Whether there are more than 32 members; otherwise one of them is malformed.
    #[must_use]
    pub const fn is_too_many(&self) -> bool {
        self.too_many
    }
}

impl fmt::Display for InvalidTraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.too_many {
            "a tracestate of more than 32 members"
        } else {
            "not a tracestate as W3C Trace Context defines it"
        })
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

    /// The members in order, each as `key=value`.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.0.split(',')
    }

    /// What of the list has room in `most` bytes: whole members only. As section 3.3.1.5 asks, those
    /// of more than 128 characters go first, then those at the end.
    pub(crate) fn within(&self, most: usize) -> Option<String> {
        let mut members: Vec<_> = self.members().collect();
        let length = |members: &[&str]| members.iter().map(|m| m.len() + 1).sum::<usize>() - 1;
        while !members.is_empty() && most < length(&members) {
            let long = members.iter().rposition(|member| LONG < member.len());
            members.remove(long.unwrap_or(members.len() - 1));
        }
        (!members.is_empty()).then(|| members.join(","))
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
    list: List,
    members: usize,
}

/// The list so far. One value that is as it will be sent, which nearly every caller's is, is copied
/// once and at its own length.
#[derive(Default)]
enum List {
    #[default]
    Empty,
    One(Arc<str>),
    Joined(String),
}

impl Reader {
    pub(crate) fn read(&mut self, value: &[u8]) -> Result<(), InvalidTraceState> {
        let mut canonical = true;
        let mut length = 0;
        for part in value.split(|b| *b == b',') {
            let member = trim(part);
            canonical &= member.len() == part.len() && !member.is_empty();
            if member.is_empty() {
                continue;
            }
            self.members += 1;
            if MAX_MEMBERS < self.members {
                return Err(InvalidTraceState::TOO_MANY);
            }
            if !is_member(member) {
                return Err(InvalidTraceState::MALFORMED);
            }
            length += member.len() + 1;
        }
        if length == 0 {
            return Ok(());
        }
        let text = std::str::from_utf8(value).map_err(|_| InvalidTraceState::MALFORMED)?;
        if canonical && matches!(self.list, List::Empty) {
            self.list = List::One(text.into());
            return Ok(());
        }
        let mut joined = match std::mem::take(&mut self.list) {
            List::Empty => String::with_capacity(length),
            List::One(first) => String::from(&*first),
            List::Joined(joined) => joined,
        };
        for member in text.split(',').map(|part| part.trim_matches([' ', '\t'])) {
            if !member.is_empty() {
                if !joined.is_empty() {
                    joined.push(',');
                }
                joined.push_str(member);
            }
        }
        self.list = List::Joined(joined);
        Ok(())
    }

    pub(crate) fn finish(self) -> Option<TraceState> {
        match self.list {
            List::Empty => None,
            List::One(list) => Some(TraceState(list)),
            List::Joined(list) => Some(TraceState(list.into())),
        }
    }
}

fn is_member(member: &[u8]) -> bool {
    let Some(at) = member.iter().position(|b| *b == b'=') else {
        return false;
    };
    let (key, value) = (&member[..at], &member[at + 1..]);
    is_key(key) && is_value(value)
}

const FIRST: u8 = 1;
const LATER: u8 = 2;
const VALUE: u8 = 4;

/// Where each byte may stand. A table, because every byte of every caller's list is looked up.
const PLACES: [u8; 256] = {
    let mut places = [0; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        let first = byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let mut place = 0;
        if first {
            place |= FIRST;
        }
        if first || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@') {
            place |= LATER;
        }
        if !matches!(byte, b',' | b'=') {
            place |= VALUE;
        }
        places[byte as usize] = place;
        byte += 1;
    }
    places
};

fn all(text: &[u8], place: u8) -> bool {
    let common = |places, b: &u8| places & PLACES[usize::from(*b)];
    text.iter().fold(place, common) == place
}

/// Section 3.3.1.3.1: begins with a lower-case letter or a digit; Level 2 allows `@` anywhere after.
fn is_key(key: &[u8]) -> bool {
    key.len() <= MAX_KEY && key.first().is_some_and(|b| all(&[*b], FIRST)) && all(key, LATER)
}

/// Section 3.3.1.3.2: printable ASCII without `,` and `=`. It may not end in a space either, and the
/// space around a member, which is trimmed, leaves none.
fn is_value(value: &[u8]) -> bool {
    (1..=MAX_VALUE).contains(&value.len()) && all(value, VALUE)
}
