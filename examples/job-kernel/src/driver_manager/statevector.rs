//! The state of all qubits, and what gates do to it.

use std::{error::Error, f64::consts, fmt};

use super::Complex;
use crate::circuit::{Gate, GateKind};

/// What a gate does to its last qubit where its controls are 1.
type Matrix = [[Complex; 2]; 2];

/// A run that was given up because nobody waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run was cancelled")
    }
}

impl Error for Cancelled {}

/// The amplitudes of all 2ⁿ basis states; qubit `k` is bit `k` of a state's number.
///
/// ```
/// use job_kernel::{circuit::{Gate, GateKind}, driver_manager::StateVector};
///
/// let mut state = StateVector::new(2);
/// state.apply(&Gate::new(GateKind::H, &[0], 0.0));
/// state.apply(&Gate::new(GateKind::Cx, &[0, 1], 0.0));
/// let chances: Vec<f64> = state.amplitudes().iter().map(|a| a.norm_squared()).collect();
/// assert!((chances[0b00] - 0.5).abs() < 1e-12 && (chances[0b11] - 0.5).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StateVector {
    amplitudes: Vec<Complex>,
}

impl StateVector {
    /// All qubits at 0. Takes 16 bytes for each of the 2ⁿ states.
    #[must_use]
    pub fn new(qubits: usize) -> Self {
        let mut amplitudes = vec![Complex::ZERO; 1 << qubits];
        amplitudes[0] = Complex::ONE;
        Self { amplitudes }
    }

    /// The amplitude of each basis state.
    #[must_use]
    pub fn amplitudes(&self) -> &[Complex] {
        &self.amplitudes
    }

    /// Runs gates, and asks before each whether to go on.
    ///
    /// # Errors
    /// If `cancelled` says so.
    pub fn run(&mut self, gates: &[Gate], cancelled: impl Fn() -> bool) -> Result<(), Cancelled> {
        for gate in gates {
            if cancelled() {
                return Err(Cancelled);
            }
            self.apply(gate);
        }
        Ok(())
    }

    /// Applies one gate.
    ///
    /// # Panics
    /// If it has a qubit that the state has not.
    pub fn apply(&mut self, gate: &Gate) {
        let qubits = gate.qubits();
        if gate.kind() == GateKind::Swap {
            self.swap(1 << qubits[0], 1 << qubits[1]);
            return;
        }
        let (target, controls) = qubits.split_last().expect("a gate has at least one qubit");
        let controls = controls.iter().fold(0, |mask, qubit| mask | 1 << qubit);
        self.controlled(controls, 1 << target, matrix(gate));
    }

    fn controlled(&mut self, controls: usize, target: usize, [[a, b], [c, d]]: Matrix) {
        assert!(
            target < self.amplitudes.len(),
            "the gate's qubit is one of the state's"
        );
        for zero in 0..self.amplitudes.len() {
            if zero & target != 0 || zero & controls != controls {
                continue;
            }
            let one = zero | target;
            let (before_zero, before_one) = (self.amplitudes[zero], self.amplitudes[one]);
            self.amplitudes[zero] = a * before_zero + b * before_one;
            self.amplitudes[one] = c * before_zero + d * before_one;
        }
    }

    fn swap(&mut self, first: usize, second: usize) {
        for state in 0..self.amplitudes.len() {
            if state & first != 0 && state & second == 0 {
                self.amplitudes.swap(state, state ^ first ^ second);
            }
        }
    }
}

fn matrix(gate: &Gate) -> Matrix {
    const ZERO: Complex = Complex::ZERO;
    const ONE: Complex = Complex::ONE;
    const I: Complex = Complex::new(0.0, 1.0);
    const MINUS_I: Complex = Complex::new(0.0, -1.0);
    const MINUS_ONE: Complex = Complex::new(-1.0, 0.0);
    const HALF: Complex = Complex::new(consts::FRAC_1_SQRT_2, 0.0);
    const MINUS_HALF: Complex = Complex::new(-consts::FRAC_1_SQRT_2, 0.0);

    let (sin, cos) = (gate.angle() / 2.0).sin_cos();
    let real = |re| Complex::new(re, 0.0);
    let imaginary = |im| Complex::new(0.0, im);
    let phase = |angle| [[ONE, ZERO], [ZERO, Complex::at_angle(angle)]];
    match gate.kind() {
        GateKind::X | GateKind::Cx | GateKind::Ccx => [[ZERO, ONE], [ONE, ZERO]],
        GateKind::Y => [[ZERO, MINUS_I], [I, ZERO]],
        GateKind::Z | GateKind::Cz => [[ONE, ZERO], [ZERO, MINUS_ONE]],
        GateKind::H => [[HALF, HALF], [HALF, MINUS_HALF]],
        GateKind::S => [[ONE, ZERO], [ZERO, I]],
        GateKind::Sdg => [[ONE, ZERO], [ZERO, MINUS_I]],
        GateKind::T => phase(consts::FRAC_PI_4),
        GateKind::Tdg => phase(-consts::FRAC_PI_4),
        GateKind::Rx => [[real(cos), imaginary(-sin)], [imaginary(-sin), real(cos)]],
        GateKind::Ry => [[real(cos), real(-sin)], [real(sin), real(cos)]],
        GateKind::Rz => [
            [Complex::new(cos, -sin), ZERO],
            [ZERO, Complex::new(cos, sin)],
        ],
        GateKind::Swap => unreachable!("a swap is no matrix on one qubit; `apply` does it"),
    }
}
