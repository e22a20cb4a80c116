//! Random circuits, and states to compare.

use fastrand::Rng;
use job_kernel::{
    circuit::{Gate, GateKind},
    compiler::Operation,
    driver_manager::{Complex, StateVector},
};

/// Operations with many neighbours that undo each other: few qubits, and angles of few values.
pub(crate) fn random_operations(random: &mut Rng, qubits: u8, length: usize) -> Vec<Operation> {
    let mut operations = Vec::with_capacity(length);
    while operations.len() < length {
        if random.u8(..16) == 0 {
            operations.push(Operation::Barrier(random.u32(1..1 << qubits)));
            continue;
        }
        let kind = GateKind::ALL[random.usize(..GateKind::ALL.len())];
        if usize::from(qubits) < kind.qubits() {
            continue;
        }
        let mut all: Vec<u8> = (0..qubits).collect();
        random.shuffle(&mut all);
        let angle = if kind.is_rotation() {
            f64::from(random.i8(-8..=8)) * std::f64::consts::FRAC_PI_4
        } else {
            0.0
        };
        operations.push(Operation::Gate(Gate::new(
            kind,
            &all[..kind.qubits()],
            angle,
        )));
    }
    operations
}

pub(crate) fn gates(operations: &[Operation]) -> Vec<Gate> {
    let gate = |operation: &Operation| match operation {
        Operation::Gate(gate) => Some(*gate),
        Operation::Barrier(_) => None,
    };
    operations.iter().filter_map(gate).collect()
}

/// A state in which every amplitude is different, so that no gate goes unnoticed.
pub(crate) fn prepared(qubits: u8) -> StateVector {
    let mut state = StateVector::new(qubits.into());
    for qubit in 0..qubits {
        let turn = f64::from(qubit) + 0.7;
        state.apply(&Gate::new(GateKind::Ry, &[qubit], turn));
        state.apply(&Gate::new(GateKind::Rz, &[qubit], turn * 1.3));
    }
    state
}

/// 1 for states that differ by a global phase only, and less for any others.
pub(crate) fn fidelity(a: &StateVector, b: &StateVector) -> f64 {
    let pairs = a.amplitudes().iter().zip(b.amplitudes());
    pairs
        .fold(Complex::ZERO, |sum, (a, b)| sum + a.conjugate() * *b)
        .norm_squared()
}

pub(crate) fn norm(state: &StateVector) -> f64 {
    state
        .amplitudes()
        .iter()
        .map(|amplitude| amplitude.norm_squared())
        .sum()
}
