//! Circuits to and from protobuf.

use std::{error::Error, fmt};

use super::{Circuit, Gate, GateKind, MAX_BITS, MAX_OPERATIONS, MAX_QUBITS, Measurement};
use crate::rpc;

/// A program that no compiler of ours makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadProgram(&'static str);

impl fmt::Display for BadProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for BadProgram {}

impl Circuit {
    /// The message for it.
    #[must_use]
    pub fn to_program(&self, cancelled_gates: usize) -> rpc::Program {
        rpc::Program {
            qubits: number(self.qubits),
            bits: number(self.bits),
            gates: self.gates.iter().map(gate_message).collect(),
            measurements: self
                .measurements
                .iter()
                .map(|m| rpc::Measurement {
                    qubit: m.qubit.into(),
                    bit: m.bit.into(),
                })
                .collect(),
            cancelled_gates: number(cancelled_gates),
        }
    }

    /// Checks a message from another program.
    ///
    /// # Errors
    /// If it is too large, an index is out of range, or a gate is not one.
    pub fn from_program(program: &rpc::Program) -> Result<Self, BadProgram> {
        let qubits = within(program.qubits, MAX_QUBITS).ok_or(BadProgram("too many qubits"))?;
        let bits = within(program.bits, MAX_BITS).ok_or(BadProgram("too many bits"))?;
        if qubits == 0 || bits == 0 {
            return Err(BadProgram("a program needs a qubit and a bit"));
        }
        if MAX_OPERATIONS
            < program
                .gates
                .len()
                .saturating_add(program.measurements.len())
        {
            return Err(BadProgram("too many operations"));
        }
        let gates = program
            .gates
            .iter()
            .map(|gate| gate_from(gate, qubits))
            .collect::<Result<_, _>>()?;
        let measurements = program
            .measurements
            .iter()
            .map(|m| {
                Some(Measurement {
                    qubit: index(m.qubit, qubits)?,
                    bit: index(m.bit, bits)?,
                })
            })
            .collect::<Option<_>>()
            .ok_or(BadProgram("a measurement is out of range"))?;
        Ok(Self {
            qubits,
            bits,
            gates,
            measurements,
        })
    }
}

fn gate_message(gate: &Gate) -> rpc::Gate {
    rpc::Gate {
        kind: gate.kind() as i32,
        qubits: gate.qubits().iter().map(|&qubit| qubit.into()).collect(),
        angle: gate.angle(),
    }
}

fn gate_from(gate: &rpc::Gate, qubits: usize) -> Result<Gate, BadProgram> {
    let kind = GateKind::ALL
        .into_iter()
        .find(|&kind| kind as i32 == gate.kind)
        .ok_or(BadProgram("a gate is unknown"))?;
    if gate.qubits.len() != kind.qubits() || !gate.angle.is_finite() {
        return Err(BadProgram("a gate has the wrong operands"));
    }
    let mut own = [0; 3];
    for (place, &qubit) in own.iter_mut().zip(&gate.qubits) {
        *place = index(qubit, qubits).ok_or(BadProgram("a gate is out of range"))?;
    }
    let own = &own[..kind.qubits()];
    if (1..own.len()).any(|i| own[..i].contains(&own[i])) {
        return Err(BadProgram("a gate has a qubit twice"));
    }
    Ok(Gate::new(kind, own, gate.angle))
}

fn number(n: usize) -> u32 {
    u32::try_from(n).expect("bounded by the limits of a circuit")
}

fn within(n: u32, most: usize) -> Option<usize> {
    usize::try_from(n).ok().filter(|&n| n <= most)
}

fn index(n: u32, below: usize) -> Option<u8> {
    u8::try_from(n).ok().filter(|&n| usize::from(n) < below)
}
