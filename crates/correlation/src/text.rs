//! An id's text: checked once, and one copy of it for the id, the sets and the headers that it is in.

use bytes::Bytes;
use http::HeaderValue;

use crate::id::{InvalidId, check};

/// The length of a `UUIDv7` as text.
pub(crate) const UUID_LEN: usize = 36;

/// A text that obeys the rule of ids.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Bytes);

impl Text {
    pub(crate) fn checked(text: &[u8]) -> Result<Self, InvalidId> {
        check(text)?;
        Ok(Self(match Short::copied(text) {
            Some(short) => Bytes::from_owner(short),
            None => Bytes::from_owner(Box::<[u8]>::from(text)),
        }))
    }

    /// Of hexadecimal digits and hyphens.
    pub(crate) fn uuid(text: [u8; UUID_LEN]) -> Self {
        Self(Bytes::from_owner(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII passed the check")
    }

    /// A share of the text as a header's value.
    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_maybe_shared(self.0.clone()).expect("an id is visible ASCII")
    }

    /// Whether both are shares of one text; two that only look alike are not.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.0.as_ptr() == other.0.as_ptr() && self.0.len() == other.0.len()
    }
}

/// A text that lies beside its count of shares, in one allocation: most are UUIDs, and few are longer.
struct Short {
    text: [u8; UUID_LEN],
    len: usize,
}

impl Short {
    fn copied(text: &[u8]) -> Option<Self> {
        let mut short = Self {
            text: [0; UUID_LEN],
            len: text.len(),
        };
        short.text.get_mut(..text.len())?.copy_from_slice(text);
        Some(short)
    }
}

impl AsRef<[u8]> for Short {
    fn as_ref(&self) -> &[u8] {
        &self.text[..self.len]
    }
}
