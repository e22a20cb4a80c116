//! The ids as types: once parsed, the type is the proof that a value is fit to travel and to log.

use std::fmt;

use crate::{generate, key::Key, text::Text};

/// The most characters that an id may have.
pub const MAX_LEN: usize = 128;

/// Why a text is no id. It never repeats the text, which may be hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidId {
    /// The text is empty.
    Empty,
    /// The text has more than [`MAX_LEN`] characters.
    TooLong,
    /// The text has a character other than ASCII letters, digits, `-`, `_`, `.` and `:`.
    BadCharacter,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the id is empty"),
            Self::TooLong => write!(f, "the id is longer than {MAX_LEN} characters"),
            Self::BadCharacter => f.write_str(
                "the id has a character other than ASCII letters, digits, `-`, `_`, `.` and `:`",
            ),
        }
    }
}

impl std::error::Error for InvalidId {}

/// Checks the rule that every id obeys.
pub(crate) fn check(text: &[u8]) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if MAX_LEN < text.len() {
        return Err(InvalidId::TooLong);
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    if !text.iter().all(plain) {
        return Err(InvalidId::BadCharacter);
    }
    Ok(())
}

mod sealed {
    pub trait Sealed {}
}

/// An id of one kind; implemented by the id types of this crate only.
pub trait Id: sealed::Sealed + Clone + fmt::Debug + Send + Sync + 'static {
    /// Which kind.
    const KEY: Key;

    /// The id as text.
    fn as_str(&self) -> &str;

    #[doc(hidden)]
    fn text(&self) -> &Text;

    #[doc(hidden)]
    fn from_checked(text: Text) -> Self;
}

macro_rules! id {
    ($(#[doc = $doc:literal])+ $name:ident, $key:ident) => {
        $(#[doc = $doc])+
        ///
        /// 1 to 128 ASCII letters, digits, `-`, `_`, `.` or `:`. Clones share the text.
        ///
        /// ```
        #[doc = concat!("use throughline_correlation::{InvalidId, ", stringify!($name), "};")]
        ///
        #[doc = concat!("let id = ", stringify!($name), "::parse(\"a7-42\").unwrap();")]
        /// assert_eq!(id.as_str(), "a7-42");
        #[doc = concat!(
            "assert_eq!(", stringify!($name), "::parse(\"a\\nb\"), Err(InvalidId::BadCharacter));"
        )]
        #[doc = concat!("assert_ne!(", stringify!($name), "::generate(), id);")]
        /// ```
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Text);

        impl $name {
            /// Takes a text that came from outside.
            ///
            /// # Errors
            /// [`InvalidId`] if the text breaks the rule; it does not repeat the text.
            pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, InvalidId> {
                Text::checked(text.as_ref()).map(Self)
            }

            /// A new id: a `UUIDv7` (RFC 9562, section 5.7), so that ids sort by time.
            ///
            /// It is unique, not secret: the generator is fast, not cryptographic.
            #[must_use]
            pub fn generate() -> Self {
                Self(generate::uuid_v7())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl sealed::Sealed for $name {}

        impl Id for $name {
            const KEY: Key = Key::$key;

            fn as_str(&self) -> &str {
                self.0.as_str()
            }

            fn text(&self) -> &Text {
                &self.0
            }

            fn from_checked(text: Text) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}

id! {
    /// The id of one HTTP request or RPC; it goes along to every service that the request reaches.
    RequestId, Request
}
id! {
    /// The id of a business operation that takes many requests.
    CorrelationId, Correlation
}
id! {
    /// The id of a session, such as a WebSocket connection.
    SessionId, Session
}
id! {
    /// The id of one message in a session or on a queue.
    MessageId, Message
}
id! {
    /// The id of a unit of work that outlives the request which asked for it.
    JobId, Job
}
id! {
    /// The id of the tenant for whom the work is done.
    TenantId, Tenant
}
