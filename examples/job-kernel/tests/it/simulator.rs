//! The simulator against known states.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use fastrand::Rng;
use job_kernel::{
    circuit::{Gate, GateKind},
    compiler::compile,
    driver_manager::{Complex, StateVector, sample},
    rpc,
};

use crate::circuits::{gates, norm, prepared, random_operations};

fn counts(source: &str, shots: u32, seed: Option<u64>) -> Vec<(String, u64)> {
    let circuit = compile(source).unwrap().circuit;
    let mut state = StateVector::new(circuit.qubits);
    state.run(&circuit.gates, || false).unwrap();
    let rpc::Counts { entries } = sample(&state, &circuit, shots, seed);
    entries
        .into_iter()
        .map(|entry| (entry.bits, entry.count))
        .collect()
}

#[test]
fn gates_are_their_unitaries() {
    /// What the gate makes of `|input⟩`: basis states with their amplitudes.
    #[track_caller]
    fn check(kind: GateKind, angle: f64, input: usize, expected: &[(usize, f64, f64)]) {
        let qubits = kind.qubits();
        let mut state = StateVector::new(qubits);
        for qubit in (0..qubits).filter(|qubit| input >> qubit & 1 == 1) {
            state.apply(&Gate::new(
                GateKind::X,
                &[u8::try_from(qubit).unwrap()],
                0.0,
            ));
        }
        state.apply(&Gate::new(kind, &[0, 1, 2][..qubits], angle));
        for (number, found) in state.amplitudes().iter().enumerate() {
            let wanted = expected.iter().find(|(state, ..)| *state == number);
            let wanted = wanted.map_or(Complex::ZERO, |&(_, re, im)| Complex::new(re, im));
            let near = (found.re - wanted.re).abs() < 1e-12 && (found.im - wanted.im).abs() < 1e-12;
            assert!(
                near,
                "{kind:?}({angle}) of {input:b}, amplitude {number:b}: {found:?}, expected {wanted:?}"
            );
        }
    }
    const R: f64 = FRAC_1_SQRT_2;
    check(GateKind::X, 0.0, 0, &[(1, 1.0, 0.0)]);
    check(GateKind::X, 0.0, 1, &[(0, 1.0, 0.0)]);
    check(GateKind::Y, 0.0, 0, &[(1, 0.0, 1.0)]);
    check(GateKind::Y, 0.0, 1, &[(0, 0.0, -1.0)]);
    check(GateKind::Z, 0.0, 0, &[(0, 1.0, 0.0)]);
    check(GateKind::Z, 0.0, 1, &[(1, -1.0, 0.0)]);
    check(GateKind::H, 0.0, 0, &[(0, R, 0.0), (1, R, 0.0)]);
    check(GateKind::H, 0.0, 1, &[(0, R, 0.0), (1, -R, 0.0)]);
    check(GateKind::S, 0.0, 1, &[(1, 0.0, 1.0)]);
    check(GateKind::Sdg, 0.0, 1, &[(1, 0.0, -1.0)]);
    check(GateKind::T, 0.0, 1, &[(1, R, R)]);
    check(GateKind::Tdg, 0.0, 1, &[(1, R, -R)]);
    check(GateKind::T, 0.0, 0, &[(0, 1.0, 0.0)]);
    check(GateKind::Rx, PI, 0, &[(1, 0.0, -1.0)]);
    check(GateKind::Rx, PI / 2.0, 1, &[(0, 0.0, -R), (1, R, 0.0)]);
    check(GateKind::Ry, PI / 2.0, 0, &[(0, R, 0.0), (1, R, 0.0)]);
    check(GateKind::Ry, PI / 2.0, 1, &[(0, -R, 0.0), (1, R, 0.0)]);
    check(GateKind::Rz, PI / 2.0, 0, &[(0, R, -R)]);
    check(GateKind::Rz, PI / 2.0, 1, &[(1, R, R)]);
    for input in 0..4 {
        // Qubit 0 controls, qubit 1 is the target.
        check(
            GateKind::Cx,
            0.0,
            input,
            &[(if input & 1 == 1 { input ^ 2 } else { input }, 1.0, 0.0)],
        );
        check(
            GateKind::Cz,
            0.0,
            input,
            &[(input, if input == 3 { -1.0 } else { 1.0 }, 0.0)],
        );
        check(
            GateKind::Swap,
            0.0,
            input,
            &[(input >> 1 | (input & 1) << 1, 1.0, 0.0)],
        );
    }
    for input in 0..8 {
        check(
            GateKind::Ccx,
            0.0,
            input,
            &[(if input & 3 == 3 { input ^ 4 } else { input }, 1.0, 0.0)],
        );
    }
}

#[test]
fn entangled_states() {
    #[track_caller]
    fn check(source: &str, first: &str, second: &str) {
        let found = counts(source, 10_000, Some(3));
        let words: Vec<&str> = found.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, [first, second], "{source}");
        let (a, b) = (found[0].1, found[1].1);
        assert_eq!(a + b, 10_000);
        // Six standard deviations.
        assert!((4700..5300).contains(&a), "{source}: {a} and {b}");
    }
    check("qreg q[2]; h q[0]; cx q[0],q[1]; measure q;", "00", "11");
    check(
        "qreg q[2]; h q[0]; cx q[0],q[1]; x q[1]; measure q;",
        "01",
        "10",
    );
    check(
        "qreg q[3]; h q[0]; cx q[0],q[1]; cx q[1],q[2]; measure q;",
        "000",
        "111",
    );
    let mut ghz = String::from("qreg q[16]; h q[0];");
    for qubit in 1..16 {
        ghz.push_str(&format!("cx q[{}],q[{qubit}];", qubit - 1));
    }
    check(
        &format!("{ghz} measure q;"),
        &"0".repeat(16),
        &"1".repeat(16),
    );
}

#[test]
fn outcomes_stand_in_their_bits() {
    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(
            counts(source, 7, None),
            [(expected.to_owned(), 7)],
            "{source}"
        );
    }
    check("qreg q[2]; x q[0]; measure q;", "01");
    check("qreg q[2]; x q[1]; measure q;", "10");
    check("qreg q[2]; x q[1]; measure q[1];", "1");
    check("qreg q[2]; creg c[3]; x q[0]; measure q[0] -> c[2];", "100");
    check(
        "qreg q[2]; creg c[1]; x q[0]; measure q[0] -> c[0]; measure q[1] -> c[0];",
        "0",
    );
    check(
        "qreg q[2]; creg c[1]; x q[0]; measure q[1] -> c[0]; measure q[0] -> c[0];",
        "1",
    );
    check("qreg a[1]; qreg b[2]; x a; measure b; measure a;", "001");
}

#[test]
fn a_seed_makes_counts_repeatable() {
    let source = "qreg q[5]; h q; measure q;";
    assert_eq!(counts(source, 500, Some(42)), counts(source, 500, Some(42)));
    assert_ne!(counts(source, 500, Some(42)), counts(source, 500, Some(43)));
    let total: u64 = counts(source, 500, None)
        .iter()
        .map(|(_, count)| count)
        .sum();
    assert_eq!(total, 500);
}

#[test]
fn the_norm_stays_1() {
    for seed in 0..50 {
        let mut random = Rng::with_seed(seed);
        let operations = random_operations(&mut random, 5, 300);
        let mut state = prepared(5);
        state.run(&gates(&operations), || false).unwrap();
        let norm = norm(&state);
        assert!((norm - 1.0).abs() < 1e-9, "seed {seed}: {norm}");
    }
}

#[test]
fn a_run_that_nobody_waits_for_ends() {
    let mut state = StateVector::new(1);
    let asked = std::cell::Cell::new(0);
    let gates = vec![Gate::new(GateKind::X, &[0], 0.0); 10];
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() == 4
    };
    assert!(state.run(&gates, cancelled).is_err());
    assert_eq!(
        state.amplitudes(),
        [Complex::ZERO, Complex::ONE],
        "three gates have run"
    );
}
