//! The `baggage` header: W3C Baggage, section 3.3.

use std::{borrow::Cow, fmt, ops::Range, sync::Arc};

use super::{MAX_BYTES, MAX_MEMBERS, decode::decode, rule::is_key};
use crate::traceparent::trim;

/// The members that are looked at, whatever they are: far more than an honest list has, and a bound on
/// what a hostile one can cost.
const MAX_LOOKED_AT: usize = 8 * MAX_MEMBERS;

/// A valid `baggage` list, kept as it came: members in order, values still encoded, properties raw.
///
/// ```
/// use throughline_context::BaggageList;
///
/// let list = BaggageList::parse([b"tier=gold;ttl=60 , city=K%C3%B6ln".as_slice()]);
/// assert_eq!(list.as_str(), "tier=gold;ttl=60,city=K%C3%B6ln");
/// let members: Vec<_> = list.iter().map(|m| (m.key(), m.value(), m.properties())).collect();
/// assert_eq!(members, [("tier", "gold".into(), "ttl=60"), ("city", "Köln".into(), "")]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BaggageList {
    text: Arc<str>,
    members: Arc<[Place]>,
}

/// Where a member stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    all: Range<usize>,
    key_end: usize,
    value_end: usize,
}

/// Why members are not in the list; the others are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) malformed: bool,
    pub(crate) too_many: bool,
    pub(crate) too_long: bool,
}

impl BaggageList {
    /// Reads the list from its header values; several are one list. Never fails: a malformed member
    /// is left out alone, and so are those beyond 64 members or 8,192 bytes. Of a key that comes
    /// twice, the last counts.
    #[must_use]
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut reader = Reader::default();
        for value in values {
            reader.read(value, |_| true);
        }
        reader.finish().0
    }

    /// The list as a header's value; empty if it has no member.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = BaggageMember<'_>> {
        self.members.iter().map(|place| BaggageMember {
            text: &self.text[place.all.clone()],
            key_end: place.key_end,
            value_end: place.value_end,
        })
    }
}

impl fmt::Display for BaggageList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The keys alone: values are the application's, and may be anybody's.
impl fmt::Debug for BaggageList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|member| member.key()))
            .finish()
    }
}

/// One member of a [`BaggageList`].
#[derive(Clone, Copy)]
pub struct BaggageMember<'a> {
    text: &'a str,
    key_end: usize,
    value_end: usize,
}

impl<'a> BaggageMember<'a> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &'a str {
        &self.text[..self.key_end]
    }

    /// The value, decoded; octets that are no UTF-8 are U+FFFD in it.
    #[must_use]
    pub fn value(&self) -> Cow<'a, str> {
        decode(&self.text[self.key_end + 1..self.value_end])
    }

    /// The properties as they are sent, without the semicolon before them; mostly empty.
    #[must_use]
    pub fn properties(&self) -> &'a str {
        self.text[self.value_end..].trim_start_matches(';')
    }

    /// The member as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }
}

/// The key alone, as in the list's.
impl fmt::Debug for BaggageMember<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BaggageMember")
            .field("key", &self.key())
            .finish_non_exhaustive()
    }
}

/// Joins header values to one list, one value at a time.
#[derive(Default)]
pub(crate) struct Reader {
    text: String,
    members: Vec<Place>,
    looked_at: usize,
    refused: Refused,
}

impl Reader {
    /// Reads one value; members whose key is not `wanted` are passed over.
    pub(crate) fn read(&mut self, value: &[u8], wanted: impl Fn(&str) -> bool) {
        for member in value.split(|b| *b == b',').map(trim) {
            if self.refused.too_many || self.refused.too_long {
                return;
            }
            self.looked_at += 1;
            if MAX_LOOKED_AT < self.looked_at {
                self.refused.too_many = true;
                return;
            }
            if !member.is_empty() && self.member(member, &wanted).is_none() {
                self.refused.malformed = true;
            }
        }
    }

    /// Appends one member; nothing if it is malformed.
    fn member(&mut self, member: &[u8], wanted: impl Fn(&str) -> bool) -> Option<()> {
        let mut parts = std::str::from_utf8(member).ok()?.split(';');
        let (key, value) = parts.next()?.split_once('=')?;
        let (key, value) = (blanks_off(key), blanks_off(value));
        if !is_key(key) || !is_value(value) {
            return None;
        }
        if !wanted(key) {
            return Some(());
        }
        let start = self.text.len();
        if start != 0 {
            self.text.push(',');
        }
        let begin = self.text.len();
        self.text.extend([key, "=", value]);
        let value_end = self.text.len() - begin;
        if !properties(parts, &mut self.text) {
            self.text.truncate(start);
            return None;
        }
        let place = Place {
            all: begin..self.text.len(),
            key_end: key.len(),
            value_end,
        };
        self.refused.too_many = self.members.len() == MAX_MEMBERS;
        self.refused.too_long = MAX_BYTES < self.text.len();
        if self.refused.too_many || self.refused.too_long {
            self.text.truncate(start);
        } else {
            self.members.push(place);
        }
        Some(())
    }

    pub(crate) fn finish(self) -> (BaggageList, Refused) {
        let list = BaggageList {
            text: self.text.into(),
            members: self.members.into(),
        };
        (list.without_repeats(), self.refused)
    }
}

impl BaggageList {
    fn without_repeats(self) -> Self {
        let again = |at: usize, key: &str| self.iter().skip(at + 1).any(|m| m.key() == key);
        let repeated = |(at, member): (usize, BaggageMember<'_>)| again(at, member.key());
        if !self.iter().enumerate().any(repeated) {
            return self;
        }
        let mut reader = Reader::default();
        for (at, member) in self.iter().enumerate() {
            if !again(at, member.key()) {
                reader.read(member.as_str().as_bytes(), |_| true);
            }
        }
        reader.finish().0
    }
}

/// Appends properties, each with a semicolon before it. Says whether all were valid; if not, what was
/// appended is to be taken back.
pub(super) fn properties<'a>(parts: impl Iterator<Item = &'a str>, into: &mut String) -> bool {
    for part in parts.map(blanks_off).filter(|part| !part.is_empty()) {
        let (key, value) = match part.split_once('=') {
            Some((key, value)) => (blanks_off(key), Some(blanks_off(value))),
            None => (part, None),
        };
        if !is_key(key) || !value.is_none_or(is_value) {
            return false;
        }
        into.extend([";", key]);
        if let Some(value) = value {
            into.extend(["=", value]);
        }
    }
    true
}

fn blanks_off(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Visible ASCII without `"`, `,`, `;` and `\`.
fn is_value(value: &str) -> bool {
    value
        .bytes()
        .all(|b| matches!(b, b'!'..=b'~') && !matches!(b, b'"' | b',' | b';' | b'\\'))
}
