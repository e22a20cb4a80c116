//! What is wrong with a configuration.

use std::{error, fmt};

/// A configuration that cannot be: which part, why, and what would do.
///
/// ```
/// use throughline_grpc::Capture;
///
/// // From a file that somebody wrote.
/// let keys = ["x-tenant-id", "x-api-key"];
/// let error = Capture::from_config(keys, []).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "capture of metadata \"x-api-key\": the key is that of a secret, which is never captured; \
///      take it off the list",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SecretKey(String),
    NoKey(String),
    /// The set's place in the list, and what is wrong with it.
    Descriptor(usize, &'static str),
    NoMethod(String),
    /// How many there are, and the first that found no room.
    TooManyMethods(usize, String),
}

impl ConfigError {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self { kind }
    }

    /// Whether metadata that is secret was to be captured.
    #[must_use]
    pub const fn is_secret_key(&self) -> bool {
        matches!(self.kind, Kind::SecretKey(_))
    }

    /// Whether a descriptor set cannot be read.
    #[must_use]
    pub const fn is_descriptor(&self) -> bool {
        matches!(self.kind, Kind::Descriptor(..))
    }

    /// Whether there are more methods than the label [`Method`](crate::Method) has room for.
    #[must_use]
    pub const fn is_too_many_methods(&self) -> bool {
        matches!(self.kind, Kind::TooManyMethods(..))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::SecretKey(key) => write!(
                f,
                "capture of metadata {key:?}: the key is that of a secret, which is never captured; \
                 take it off the list"
            ),
            Kind::NoKey(key) => write!(
                f,
                "capture of metadata {key:?}: no key of metadata; write it in lower-case letters, \
                 digits, `-`, `_` and `.`"
            ),
            Kind::Descriptor(place, why) => write!(
                f,
                "descriptor set {place}: {why}; give the bytes of a `FileDescriptorSet`, as \
                 `protoc --descriptor_set_out` or tonic's build writes them"
            ),
            Kind::NoMethod(name) => write!(
                f,
                "method {name:?}: no full name of a method; write it as `package.Service/Method`"
            ),
            Kind::TooManyMethods(count, first) => write!(
                f,
                "methods: {count} of them, beginning with {first:?}, find no room in the label, \
                 which a process has once; give each layer those that it serves or calls only"
            ),
        }
    }
}

impl error::Error for ConfigError {}
