//! An optimised circuit does the same.

use fastrand::Rng;
use job_kernel::{
    circuit::Gate,
    compiler::{Operation, compile, optimize},
};

use crate::circuits::{fidelity, gates, prepared, random_operations};

/// What is left of a circuit on four qubits, and how many gates went.
#[test]
fn neighbours_that_undo_each_other_go() {
    #[track_caller]
    fn check(source: &str, left: &str, cancelled: usize) {
        let compiled = compile(&format!("qreg q[4]; {source} measure q;")).unwrap();
        let name = |gate: &Gate| {
            let qubits: Vec<String> = gate.qubits().iter().map(ToString::to_string).collect();
            let angle = if gate.kind().is_rotation() {
                format!("({:.2})", gate.angle())
            } else {
                String::new()
            };
            format!("{}{angle} {}", gate.kind().as_str(), qubits.join(","))
        };
        let found: Vec<String> = compiled.circuit.gates.iter().map(name).collect();
        assert_eq!(
            (found.join("; ").as_str(), compiled.cancelled_gates),
            (left, cancelled),
            "{source}"
        );
    }
    for gate in ["h", "x", "y", "z"] {
        check(&format!("{gate} q[0]; {gate} q[0];"), "", 2);
        check(
            &format!("{gate} q[0]; {gate} q[1];"),
            &format!("{gate} 0; {gate} 1"),
            0,
        );
        check(
            &format!("{gate} q[0]; {gate} q[0]; {gate} q[0];"),
            &format!("{gate} 0"),
            2,
        );
    }
    check("s q[0]; sdg q[0]; tdg q[1]; t q[1];", "", 4);
    check("s q[0]; s q[0];", "s 0; s 0", 0);
    check("cx q[0],q[1]; cx q[0],q[1];", "", 2);
    check("cx q[0],q[1]; cx q[1],q[0];", "cx 0,1; cx 1,0", 0);
    check(
        "cz q[0],q[1]; cz q[1],q[0]; swap q[0],q[1]; swap q[1],q[0];",
        "",
        4,
    );
    check("ccx q[0],q[1],q[2]; ccx q[1],q[0],q[2];", "", 2);
    check(
        "ccx q[0],q[1],q[2]; ccx q[0],q[2],q[1];",
        "ccx 0,1,2; ccx 0,2,1",
        0,
    );
    check("cx q[0],q[1]; cx q[0],q[2];", "cx 0,1; cx 0,2", 0);
    check("rz(1) q[0]; rz(-1) q[0];", "", 2);
    check("rz(1) q[0]; rz(0.5) q[0];", "rz(1.50) 0", 1);
    check("rz(1) q[0]; rx(1) q[0];", "rz(1.00) 0; rx(1.00) 0", 0);
    check("ry(pi) q[0]; ry(pi) q[0]; rx(0) q[1];", "", 3);
    // Until nothing more goes, and past gates on other qubits.
    check("h q[0]; x q[0]; s q[0]; sdg q[0]; x q[0]; h q[0];", "", 6);
    check("h q[0]; cx q[1],q[2]; t q[3]; h q[0];", "cx 1,2; t 3", 2);
    check("cx q[0],q[1]; h q[2]; h q[2]; cx q[0],q[1];", "", 4);
    check("rz(1) q[0]; x q[0]; x q[0]; rz(2) q[0];", "rz(3.00) 0", 3);
    // What stands between on one qubit of two keeps them apart.
    check(
        "cx q[0],q[1]; x q[1]; cx q[0],q[1];",
        "cx 0,1; x 1; cx 0,1",
        0,
    );
    check("h q[0]; cx q[0],q[1]; h q[0];", "h 0; cx 0,1; h 0", 0);
    check("h q[0]; barrier q; h q[0];", "h 0; h 0", 0);
    check("h q[0]; barrier q[1]; h q[0];", "", 2);
    check(
        "cx q[0],q[1]; barrier q[1]; cx q[0],q[1];",
        "cx 0,1; cx 0,1",
        0,
    );
    check(
        "x q[0]; barrier q[0]; h q[0]; h q[0]; x q[0];",
        "x 0; x 0",
        2,
    );
}

#[test]
fn an_optimized_circuit_does_the_same() {
    let mut written = 0;
    let mut left = 0;
    for seed in 0..400 {
        let mut random = Rng::with_seed(seed);
        let qubits = random.u8(1..=5);
        let length = random.usize(1..120);
        let operations = random_operations(&mut random, qubits, length);
        let before = gates(&operations);
        let after = optimize(&operations);

        let (mut expected, mut found) = (prepared(qubits), prepared(qubits));
        expected.run(&before, || false).unwrap();
        found.run(&after, || false).unwrap();
        let fidelity = fidelity(&expected, &found);
        assert!(
            (fidelity - 1.0).abs() < 1e-9,
            "seed {seed}: fidelity {fidelity}"
        );

        if before.len() == operations.len() {
            let again: Vec<Operation> = after.iter().copied().map(Operation::Gate).collect();
            assert_eq!(
                optimize(&again),
                after,
                "seed {seed}: something was left to take out"
            );
        }
        written += before.len();
        left += after.len();
    }
    assert!(
        left * 10 < written * 9,
        "{left} of {written} gates left: too few to have tried anything"
    );
}
