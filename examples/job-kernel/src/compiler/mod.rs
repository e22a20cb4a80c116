//! The compiler: reads a circuit's source, checks it, and takes out the gates that undo each other.

mod error;
mod expression;
mod finish;
mod gates;
mod lexer;
mod optimizer;
mod parser;
mod registers;
mod service;

use crate::circuit::Circuit;

pub use self::error::{CircuitError, ErrorKind, Position};
pub use self::optimizer::optimize;
pub use self::parser::{Operation, Source, parse};
pub use self::service::CompilerService;

/// Longest source, in bytes.
pub const MAX_SOURCE: usize = 1 << 20;

/// A circuit, and how many gates of its source it does without.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// What is left to run.
    pub circuit: Circuit,
    /// How many gates were taken out.
    pub cancelled_gates: usize,
}

/// Compiles a circuit.
///
/// # Errors
/// Where the source has a mistake: what it is, where, and what would do.
pub fn compile(source: &str) -> Result<Compiled, CircuitError> {
    let Source {
        qubits,
        bits,
        operations,
        measurements,
    } = parse(source)?;
    let written = operations
        .iter()
        .filter(|op| matches!(op, Operation::Gate(_)))
        .count();
    let gates = optimize(&operations);
    let cancelled_gates = written - gates.len();
    Ok(Compiled {
        circuit: Circuit {
            qubits,
            bits,
            gates,
            measurements,
        },
        cancelled_gates,
    })
}
