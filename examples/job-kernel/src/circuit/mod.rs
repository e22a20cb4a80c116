//! Gates and circuits, as compiler and drivers know them.

mod gate;
mod wire;

pub use self::gate::{Gate, GateKind};
pub use self::wire::BadProgram;

/// Most qubits in a circuit, through all its registers.
pub const MAX_QUBITS: usize = 16;

/// Most classical bits in a result.
pub const MAX_BITS: usize = 64;

/// Most gates, barriers and measurements in a circuit, each counted per qubit it is broadcast to.
pub const MAX_OPERATIONS: usize = 100_000;

/// Puts a qubit's outcome into a classical bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measurement {
    /// Which qubit, below [`MAX_QUBITS`].
    pub qubit: u8,
    /// Which bit, below [`MAX_BITS`].
    pub bit: u8,
}

/// A checked circuit: every index is in range, and no gate follows the measurement of its qubit.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    /// How many qubits there are.
    pub qubits: usize,
    /// How many classical bits the result has.
    pub bits: usize,
    /// The gates in their order.
    pub gates: Vec<Gate>,
    /// The measurements, after all gates.
    pub measurements: Vec<Measurement>,
}
