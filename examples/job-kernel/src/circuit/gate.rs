//! The gates there are.

use std::f64::consts::TAU;

/// What a gate does.
///
/// The numbers are those of the protobuf enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the usual names")]
pub enum GateKind {
    X = 1,
    Y,
    Z,
    H,
    S,
    Sdg,
    T,
    Tdg,
    Rx,
    Ry,
    Rz,
    Cx,
    Cz,
    Swap,
    Ccx,
}

impl GateKind {
    /// Every kind there is.
    pub const ALL: [Self; 15] = [
        Self::X,
        Self::Y,
        Self::Z,
        Self::H,
        Self::S,
        Self::Sdg,
        Self::T,
        Self::Tdg,
        Self::Rx,
        Self::Ry,
        Self::Rz,
        Self::Cx,
        Self::Cz,
        Self::Swap,
        Self::Ccx,
    ];

    /// The name in a circuit's source.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Y => "y",
            Self::Z => "z",
            Self::H => "h",
            Self::S => "s",
            Self::Sdg => "sdg",
            Self::T => "t",
            Self::Tdg => "tdg",
            Self::Rx => "rx",
            Self::Ry => "ry",
            Self::Rz => "rz",
            Self::Cx => "cx",
            Self::Cz => "cz",
            Self::Swap => "swap",
            Self::Ccx => "ccx",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// How many qubits it works on: 1 to 3.
    #[must_use]
    pub const fn qubits(self) -> usize {
        match self {
            Self::Cx | Self::Cz | Self::Swap => 2,
            Self::Ccx => 3,
            _ => 1,
        }
    }

    /// Whether it turns by an angle.
    #[must_use]
    pub const fn is_rotation(self) -> bool {
        matches!(self, Self::Rx | Self::Ry | Self::Rz)
    }

    /// The kind that undoes it on the same qubits; none for rotations, which an angle undoes.
    #[must_use]
    pub const fn inverse(self) -> Option<Self> {
        Some(match self {
            Self::S => Self::Sdg,
            Self::Sdg => Self::S,
            Self::T => Self::Tdg,
            Self::Tdg => Self::T,
            Self::Rx | Self::Ry | Self::Rz => return None,
            own => own,
        })
    }
}

/// One gate on its qubits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    kind: GateKind,
    qubits: [u8; 3],
    angle: f64,
}

impl Gate {
    /// A gate; `angle` is in radians, taken modulo 4π, and 0 for what is no rotation.
    ///
    /// # Panics
    /// If `qubits` are not as many as the kind works on.
    #[must_use]
    pub fn new(kind: GateKind, qubits: &[u8], angle: f64) -> Self {
        let mut own = [0; 3];
        own[..kind.qubits()].copy_from_slice(qubits);
        // Small angles keep their digits when rotations are added up.
        Self {
            kind,
            qubits: own,
            angle: angle % (2.0 * TAU),
        }
    }

    /// What it does.
    #[must_use]
    pub const fn kind(&self) -> GateKind {
        self.kind
    }

    /// The qubits it works on: controls first, then targets.
    #[must_use]
    pub fn qubits(&self) -> &[u8] {
        &self.qubits[..self.kind.qubits()]
    }

    /// By how many radians it turns.
    #[must_use]
    pub const fn angle(&self) -> f64 {
        self.angle
    }
}
