//! Why a schema or a writer cannot be built.

use std::{error::Error, fmt, io};

/// A configuration that cannot work: it says which value, and what would do.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The name says that the field is a secret, and secrets are never written.
    Secret {
        /// The name of the field.
        name: String,
    },
    /// The name belongs to a standard field; an application field cannot have it.
    Reserved {
        /// The name of the field.
        name: String,
    },
    /// Two fields of the schema would be written under one key.
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// Two fields of the schema read the same application field or tell the same thing.
    DuplicateField {
        /// The key of the second.
        key: String,
    },
    /// A key or a name is empty or longer than 64 bytes.
    BadName {
        /// The key or the name.
        name: String,
    },
    /// The schema has a field for the service, but no service was named.
    MissingService {
        /// The key of the field.
        key: String,
    },
    /// A line with every field at its limit would be longer than [`MAX_LINE`](crate::MAX_LINE).
    TooLarge {
        /// The length of such a line in bytes.
        bytes: usize,
    },
    /// The capacity is below [`MIN_CAPACITY`](crate::MIN_CAPACITY).
    Capacity {
        /// The capacity in bytes.
        bytes: usize,
    },
    /// The writer's thread could not be started.
    Thread(io::Error),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { name } => write!(
                f,
                "log field {name:?}: the name is that of a secret, which is never written; take it \
                 off the list, or give the field a name that tells what it is"
            ),
            Self::Reserved { name } => write!(
                f,
                "log field {name:?}: the name belongs to a standard field; use that one from \
                 `Field`, or give the application's field another name"
            ),
            Self::DuplicateKey { key } => {
                write!(
                    f,
                    "log field {key:?}: another field has this key; change one with `.key(…)`"
                )
            }
            Self::DuplicateField { key } => {
                write!(
                    f,
                    "log field {key:?}: the schema has this field already; name it once"
                )
            }
            Self::BadName { name } => {
                write!(f, "log field {name:?}: a name has 1 to 64 bytes")
            }
            Self::MissingService { key } => write!(
                f,
                "log field {key:?}: no service is named; call `.service(…)` or leave the field out"
            ),
            Self::TooLarge { bytes } => write!(
                f,
                "a line of this log schema may take {bytes} bytes, and the limit is {}; use fewer \
                 fields or shorter keys",
                crate::MAX_LINE
            ),
            Self::Capacity { bytes } => write!(
                f,
                "a log writer of {bytes} bytes is too small; the least is {}",
                crate::MIN_CAPACITY
            ),
            Self::Thread(_) => f.write_str("the log writer's thread could not be started"),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Thread(why) => Some(why),
            _ => None,
        }
    }
}
