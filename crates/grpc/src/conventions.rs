//! The names of a span's attributes, which OpenTelemetry has changed and will change again.

/// Which generation of OpenTelemetry's RPC conventions a layer's spans follow.
///
/// ```
/// # #[cfg(feature = "trace")] {
/// use throughline_grpc::{Conventions, ServerLayer};
///
/// let layer = ServerLayer::new().trace().conventions(Conventions::Next);
/// # let _ = layer;
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conventions {
    /// Those of 1.39 to 1.44: `rpc.system.name`, the full method as `rpc.method`, and
    /// `rpc.response.status_code` as a name such as `NOT_FOUND`.
    #[default]
    Current,
    /// Those after 1.44: the same, but the status is `rpc.status_code`.
    Next,
    /// Those up to 1.38: `rpc.system`, `rpc.service` and `rpc.method` apart, and
    /// `rpc.grpc.status_code` as a number.
    Old,
}

impl Conventions {
    pub(crate) const fn is_old(self) -> bool {
        matches!(self, Self::Old)
    }

    pub(crate) const fn system(self) -> &'static str {
        match self {
            Self::Current | Self::Next => "rpc.system.name",
            Self::Old => "rpc.system",
        }
    }

    pub(crate) const fn status(self) -> &'static str {
        match self {
            Self::Current => "rpc.response.status_code",
            Self::Next => "rpc.status_code",
            Self::Old => "rpc.grpc.status_code",
        }
    }

    /// What stands before the key of captured metadata, of requests and of responses.
    pub(crate) const fn metadata_prefixes(self) -> (&'static str, &'static str) {
        match self {
            Self::Current | Self::Next => ("rpc.request.metadata.", "rpc.response.metadata."),
            Self::Old => ("rpc.grpc.request.metadata.", "rpc.grpc.response.metadata."),
        }
    }
}

// The same in every generation.
pub(crate) const SERVICE: &str = "rpc.service";
pub(crate) const METHOD: &str = "rpc.method";
pub(crate) const METHOD_ORIGINAL: &str = "rpc.method_original";
pub(crate) const SERVER_ADDRESS: &str = "server.address";
pub(crate) const SERVER_PORT: &str = "server.port";
pub(crate) const ERROR_TYPE: &str = "error.type";
// Ours: the conventions have no name for them.
pub(crate) const DEADLINE: &str = "throughline.rpc.deadline_seconds";
pub(crate) const ELAPSED: &str = "throughline.rpc.elapsed_seconds";
pub(crate) const ATTEMPTS: &str = "throughline.rpc.attempts";
