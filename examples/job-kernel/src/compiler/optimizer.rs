//! Takes out neighbours that undo each other.

use std::f64::consts::TAU;

use super::parser::Operation;
use crate::circuit::{Gate, GateKind, MAX_QUBITS};

/// Angles closer to a full turn than this do nothing.
const NEGLIGIBLE: f64 = 1e-12;

/// A gate that is kept so far, and for each of its qubits the gate before it there.
struct Kept {
    gate: Option<Gate>,
    before: [Option<usize>; 3],
}

/// What is left of a circuit's gates once those are gone that undo each other, equal up to a
/// global phase.
///
/// Two gates are neighbours when nothing stands between them on *any* of their qubits; a barrier
/// does. One pass is enough: a gate that goes uncovers the one before it on all its qubits, where
/// the next gate finds it, as on a stack.
#[must_use]
pub fn optimize(operations: &[Operation]) -> Vec<Gate> {
    let mut kept: Vec<Kept> = Vec::with_capacity(operations.len());
    let mut last: [Option<usize>; MAX_QUBITS] = [None; MAX_QUBITS];
    for operation in operations {
        let gate = match operation {
            Operation::Gate(gate) => *gate,
            Operation::Barrier(mask) => {
                for (qubit, last) in last.iter_mut().enumerate() {
                    if mask & 1 << qubit != 0 {
                        *last = None;
                    }
                }
                continue;
            }
        };
        match neighbour(&kept, &last, &gate).map(|(index, before)| (index, combine(before, &gate)))
        {
            Some((index, Combined::Gone)) => remove(&mut kept, &mut last, index),
            Some((index, Combined::One(gate))) => kept[index].gate = Some(gate),
            Some((_, Combined::Two)) | None => push(&mut kept, &mut last, gate),
        }
    }
    kept.into_iter().filter_map(|kept| kept.gate).collect()
}

/// The gate right before this one on all qubits of both.
fn neighbour<'a>(
    kept: &'a [Kept],
    last: &[Option<usize>],
    gate: &Gate,
) -> Option<(usize, &'a Gate)> {
    let index = last[usize::from(gate.qubits()[0])]?;
    let before = kept[index].gate.as_ref()?;
    let same = gate
        .qubits()
        .iter()
        .all(|&qubit| last[usize::from(qubit)] == Some(index));
    (same && before.qubits().len() == gate.qubits().len()).then_some((index, before))
}

fn push(kept: &mut Vec<Kept>, last: &mut [Option<usize>], gate: Gate) {
    if gate.kind().is_rotation() && is_full_turn(gate.angle()) {
        return;
    }
    let mut before = [None; 3];
    for (before, &qubit) in before.iter_mut().zip(gate.qubits()) {
        *before = last[usize::from(qubit)].replace(kept.len());
    }
    kept.push(Kept {
        gate: Some(gate),
        before,
    });
}

fn remove(kept: &mut [Kept], last: &mut [Option<usize>], index: usize) {
    let Kept { gate, before } = &mut kept[index];
    let gate = gate
        .take()
        .expect("only gates that are still there are neighbours");
    for (before, &qubit) in before.iter().zip(gate.qubits()) {
        last[usize::from(qubit)] = *before;
    }
}

enum Combined {
    Gone,
    One(Gate),
    Two,
}

/// What two neighbours come to; they work on the same set of qubits.
fn combine(before: &Gate, gate: &Gate) -> Combined {
    if gate.kind().is_rotation() {
        if before.kind() != gate.kind() {
            return Combined::Two;
        }
        let angle = before.angle() + gate.angle();
        if is_full_turn(angle) {
            return Combined::Gone;
        }
        return Combined::One(Gate::new(gate.kind(), gate.qubits(), angle));
    }
    if gate.kind().inverse() == Some(before.kind()) && same_roles(before, gate) {
        return Combined::Gone;
    }
    Combined::Two
}

/// Whether the two mean the same by their qubits, given that the sets are equal.
fn same_roles(a: &Gate, b: &Gate) -> bool {
    match a.kind() {
        GateKind::Cz | GateKind::Swap => true,
        // The controls may change places.
        GateKind::Ccx => a.qubits()[2] == b.qubits()[2],
        _ => a.qubits() == b.qubits(),
    }
}

fn is_full_turn(angle: f64) -> bool {
    let rest = angle.rem_euclid(TAU);
    rest < NEGLIGIBLE || TAU - rest < NEGLIGIBLE
}
