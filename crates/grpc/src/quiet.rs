//! Services whose calls are noise.

use std::ops::BitOr;

/// Services whose calls leave no span, no sample and no line. Their context goes on all the same.
///
/// ```
/// use throughline_grpc::{Quiet, ServerLayer};
///
/// let layer = ServerLayer::new().quiet(Quiet::HEALTH | Quiet::REFLECTION);
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quiet(u8);

impl Quiet {
    /// `grpc.health.v1.Health`, which an orchestrator asks every few seconds.
    pub const HEALTH: Self = Self(1);
    /// Server reflection, v1 and v1alpha.
    pub const REFLECTION: Self = Self(2);
    /// `grpc.channelz.v1.Channelz`.
    pub const CHANNELZ: Self = Self(4);

    /// Whether a call of `path` is to be quiet. The service is compared whole.
    pub(crate) fn covers(self, path: &str) -> bool {
        if self.0 == 0 {
            return false;
        }
        let path = path.strip_prefix('/').unwrap_or(path);
        let service = path.split_once('/').map_or(path, |(service, _)| service);
        let of = match service {
            "grpc.health.v1.Health" => Self::HEALTH,
            "grpc.reflection.v1.ServerReflection" | "grpc.reflection.v1alpha.ServerReflection" => {
                Self::REFLECTION
            }
            "grpc.channelz.v1.Channelz" => Self::CHANNELZ,
            _ => return false,
        };
        self.0 & of.0 != 0
    }
}

impl BitOr for Quiet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
