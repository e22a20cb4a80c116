//! Circuits, good and bad, with the place of each mistake.

use std::f64::consts::PI;

use job_kernel::compiler::{ErrorKind, Operation, compile, parse};

use crate::circuits::gates;

/// Gates as `name(angle) qubits`, and measurements as `qubit>bit`.
fn described(source: &str) -> String {
    let parsed = parse(source).unwrap_or_else(|why| panic!("{source:?}: {why}"));
    let mut words: Vec<String> = Vec::new();
    for operation in &parsed.operations {
        words.push(match operation {
            Operation::Gate(gate) => {
                let name = gate.kind().as_str();
                let qubits: Vec<String> = gate.qubits().iter().map(ToString::to_string).collect();
                let angle = if gate.kind().is_rotation() {
                    format!("({:.3})", gate.angle())
                } else {
                    String::new()
                };
                format!("{name}{angle} {}", qubits.join(","))
            }
            Operation::Barrier(mask) => format!("barrier {mask:b}"),
        });
    }
    words.extend(
        parsed
            .measurements
            .iter()
            .map(|m| format!("{}>{}", m.qubit, m.bit)),
    );
    words.join("; ")
}

#[test]
fn good_circuits() {
    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(described(source), expected, "{source:?}");
    }
    check("qreg q[1]; h q[0]; measure q[0];", "h 0; 0>0");
    check(
        "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[2]; creg c[2];\nh q[0]; cx q[0],q[1];\nmeasure q -> c;",
        "h 0; cx 0,1; 0>0; 1>1",
    );
    check("OPENQASM 2; qreg q[1]; measure q;", "0>0");
    check(
        "// nothing\nqreg q[1]; // one\nx q; measure q; // end",
        "x 0; 0>0",
    );
    check(
        "// ümläut and 𝜋 in a comment\r\nqreg q[1]; measure q;",
        "0>0",
    );
    // Broadcast, over one register and over two.
    check("qreg q[3]; h q; measure q[1];", "h 0; h 1; h 2; 1>0");
    check(
        "qreg a[2]; qreg b[2]; cx a, b; measure b;",
        "cx 0,2; cx 1,3; 2>0; 3>1",
    );
    check(
        "qreg a[1]; qreg b[2]; cx a[0], b; measure a;",
        "cx 0,1; cx 0,2; 0>0",
    );
    check(
        "qreg q[3]; ccx q[2],q[0],q[1]; swap q[0],q[1]; cz q[1],q[2]; measure q[0];",
        "ccx 2,0,1; swap 0,1; cz 1,2; 0>0",
    );
    check(
        "qreg q[3]; barrier q[0],q[2]; barrier q; measure q[0];",
        "barrier 101; barrier 111; 0>0",
    );
    // Bits: named places first, then the rest; a register that nothing is written to is left out.
    check("qreg q[2]; creg c[2]; measure q[0] -> c[1];", "0>1");
    check("qreg q[2]; creg c[2]; measure q;", "0>0; 1>1");
    check(
        "qreg q[2]; creg a[3]; creg b[2]; measure q[1]; measure q[0] -> b[1];",
        "1>2; 0>1",
    );
    check(
        "qreg q[2]; measure q[1]; measure q[0]; measure q[1];",
        "1>1; 0>0; 1>1",
    );
    // A register may have a gate's name, or that of a constant.
    check("qreg x[1]; x x; measure x[0];", "x 0; 0>0");
    check("qreg pi[1]; rx(pi) pi; measure pi;", "rx(3.142) 0; 0>0");
}

#[test]
fn angles() {
    #[track_caller]
    fn check(angle: &str, expected: f64) {
        let source = format!("qreg q[1]; rz({angle}) q[0]; measure q;");
        let parsed = parse(&source).unwrap_or_else(|why| panic!("{angle}: {why}"));
        let angle_found = gates(&parsed.operations)[0].angle();
        assert!(
            (angle_found - expected).abs() < 1e-12,
            "{angle}: {angle_found}, expected {expected}"
        );
    }
    check("0", 0.0);
    check("pi", PI);
    check("-pi/2", -PI / 2.0);
    check("2*pi/3", 2.0 * PI / 3.0);
    check("1+2*3-4/2", 5.0);
    check("(1+2)*3", 9.0);
    check("1-2-3", -4.0);
    check("8/2/2", 2.0);
    check("--1", 1.0);
    check("2*-1", -2.0);
    check(".5e1 + 1.", 6.0);
    check("1e-3", 0.001);
    check("((((1))))", 1.0);
    // Modulo 4π.
    check("5*pi", PI);
    let deep = format!("{}1{}", "(".repeat(64), ")".repeat(64));
    check(&deep, 1.0);
}

#[test]
fn mistakes_have_a_kind_and_a_place() {
    #[track_caller]
    fn check(source: &str, kind: ErrorKind, line: u32, column: u32) {
        let why = parse(source).expect_err(source);
        let at = why.position();
        assert_eq!(
            (why.kind(), at.line, at.column),
            (kind, line, column),
            "{source:?}: {why}"
        );
        assert!(
            !why.message().is_empty() && why.message().len() < 400,
            "{source:?}: {why}"
        );
    }
    check("qreg q[1]; h q[0]", ErrorKind::Syntax, 1, 18);
    check("qreg q[1];\n  h q[0]\nmeasure q;", ErrorKind::Syntax, 3, 1);
    check("qreg q[1]; h q[0]; ; measure q;", ErrorKind::Syntax, 1, 20);
    check("qreg q[1];\n\u{e9} q;", ErrorKind::Syntax, 2, 1);
    check("qreg q[1]; /* \u{e9}\u{1f600} */", ErrorKind::Syntax, 1, 12);
    check("/*\u{e9}*/", ErrorKind::Syntax, 1, 1);
    check("qreg q[1]; h q[0.5];", ErrorKind::Syntax, 1, 16);
    check("qreg q[-1];", ErrorKind::Syntax, 1, 8);
    check("qreg q[];", ErrorKind::Syntax, 1, 8);
    check("qreg [1];", ErrorKind::Syntax, 1, 6);
    check(
        "OPENQASM 3.0; qreg q[1]; measure q;",
        ErrorKind::Syntax,
        1,
        10,
    );
    check("qreg q[1]; OPENQASM 2.0;", ErrorKind::Syntax, 1, 12);
    check("include \"other.inc\";", ErrorKind::Syntax, 1, 9);
    check("include \"qelib1.inc", ErrorKind::Syntax, 1, 9);
    check("qreg q[1]; rx(1 q[0];", ErrorKind::Syntax, 1, 17);
    check("qreg q[1]; rx(1+) q[0];", ErrorKind::Syntax, 1, 17);
    check("qreg q[1]; rx() q[0];", ErrorKind::Syntax, 1, 15);
    check("qreg q[1]; rx(1..2) q[0];", ErrorKind::Syntax, 1, 15);
    check("qreg q[1]; rx(0x10) q[0];", ErrorKind::Syntax, 1, 15);
    check("qreg q[1]; rx(inf) q[0];", ErrorKind::Syntax, 1, 15);
    check("qreg q[1]; measure q -> ;", ErrorKind::Syntax, 1, 25);
    check("qreg q[1]; hh q[0];", ErrorKind::UnknownGate, 1, 12);
    check(
        "qreg q[1]; if (c==1) x q[0];",
        ErrorKind::UnknownGate,
        1,
        12,
    );
    check("qreg q[1];\n\th r[0];", ErrorKind::UnknownRegister, 2, 4);
    check("h q;", ErrorKind::UnknownRegister, 1, 3);
    check(
        "qreg q[1]; creg c[1]; h c[0];",
        ErrorKind::UnknownRegister,
        1,
        25,
    );
    check(
        "qreg q[1]; measure q -> q;",
        ErrorKind::UnknownRegister,
        1,
        25,
    );
    check(
        "qreg q[1]; measure q -> c;",
        ErrorKind::UnknownRegister,
        1,
        25,
    );
    check("qreg q[2]; h q[2];", ErrorKind::IndexOutOfRange, 1, 16);
    check(
        "qreg q[2]; h q[99999999999999999999999];",
        ErrorKind::IndexOutOfRange,
        1,
        16,
    );
    check("qreg q[2]; qreg q[1];", ErrorKind::DuplicateRegister, 1, 17);
    check("qreg q[2]; creg q[1];", ErrorKind::DuplicateRegister, 1, 17);
    check("qreg q[2]; cx q[1],q[1];", ErrorKind::DuplicateQubit, 1, 20);
    check("qreg q[2]; cx q[1],q;", ErrorKind::DuplicateQubit, 1, 20);
    check("qreg q[17];", ErrorKind::TooManyQubits, 1, 8);
    check("qreg q[16]; qreg r[1];", ErrorKind::TooManyQubits, 1, 20);
    check("qreg q[4294967296];", ErrorKind::TooManyQubits, 1, 8);
    check(
        "qreg q[99999999999999999999999];",
        ErrorKind::TooManyQubits,
        1,
        8,
    );
    check("qreg q[2]; cx q[0];", ErrorKind::WrongOperands, 1, 12);
    check("qreg q[2]; h q[0],q[1];", ErrorKind::WrongOperands, 1, 12);
    check(
        "qreg q[4]; ccx q[0],q[1],q[2],q[3];",
        ErrorKind::WrongOperands,
        1,
        31,
    );
    check("qreg q[0];", ErrorKind::BadParameter, 1, 8);
    check("qreg q[1]; rx q[0];", ErrorKind::BadParameter, 1, 12);
    check("qreg q[1]; h(1) q[0];", ErrorKind::BadParameter, 1, 13);
    check("qreg q[1]; rx(1/0) q[0];", ErrorKind::BadParameter, 1, 15);
    check("qreg q[1]; rx(0/0) q[0];", ErrorKind::BadParameter, 1, 15);
    check(
        "qreg q[1]; rx(1e308*10) q[0];",
        ErrorKind::BadParameter,
        1,
        15,
    );
    check("qreg q[1]; rx(1e999) q[0];", ErrorKind::BadParameter, 1, 15);
    check(
        "qreg a[2]; qreg b[3]; cx a, b;",
        ErrorKind::SizeMismatch,
        1,
        29,
    );
    check(
        "qreg q[2]; creg c[3]; measure q -> c;",
        ErrorKind::SizeMismatch,
        1,
        36,
    );
    check(
        "qreg q[2]; creg c[2]; measure q[0] -> c;",
        ErrorKind::SizeMismatch,
        1,
        39,
    );
    check(
        "qreg q[2]; measure q[1]; h q[1];",
        ErrorKind::GateAfterMeasurement,
        1,
        28,
    );
    check("qreg q[2]; h q;\n", ErrorKind::NoMeasurement, 2, 1);
    check("", ErrorKind::EmptyCircuit, 1, 1);
    check(" // only words\n", ErrorKind::EmptyCircuit, 2, 1);
    check("qreg q[2];", ErrorKind::EmptyCircuit, 1, 11);
    check("qreg q[1]; creg c[65];", ErrorKind::TooLarge, 1, 19);
}

#[test]
fn hostile_sources_end_soon_and_with_an_error() {
    #[track_caller]
    fn check(source: &str, kind: ErrorKind) {
        let why = compile(source).expect_err("hostile");
        assert_eq!(why.kind(), kind, "{why}");
        assert!(
            why.message().len() < 400,
            "the message quotes too much: {} bytes",
            why.message().len()
        );
    }
    const MEGABYTE: usize = 1 << 20;
    let head = "qreg q[16];";
    let room = MEGABYTE - head.len();
    check(
        &format!("{head}rx({}", "(".repeat(room - 3)),
        ErrorKind::BadParameter,
    );
    check(
        &format!("{head}rx({}", "-".repeat(room - 3)),
        ErrorKind::Syntax,
    );
    check(
        &format!("{head}rx({}", "9".repeat(room - 3)),
        ErrorKind::BadParameter,
    );
    check(
        &format!("{head}rx(1{}", "+1".repeat(room / 2 - 3)),
        ErrorKind::Syntax,
    );
    check(
        &format!("{head}{}", "h".repeat(room)),
        ErrorKind::UnknownGate,
    );
    check(
        &format!("{head}h {}", "\u{1f600}".repeat(room / 4 - 1)),
        ErrorKind::Syntax,
    );
    check(
        &format!("{head}{}", "h q;".repeat(room / 4)),
        ErrorKind::TooLarge,
    );
    check(
        &format!("{head}{}", "barrier q;".repeat(room / 10)),
        ErrorKind::TooLarge,
    );
    check(
        &format!("{head}{}", "measure q;".repeat(room / 10)),
        ErrorKind::TooLarge,
    );
    check(
        &format!("{head}barrier q[0]{};", ",q[0]".repeat(room / 5 - 3)),
        ErrorKind::WrongOperands,
    );
    check(&" ".repeat(MEGABYTE), ErrorKind::EmptyCircuit);
    check(&" ".repeat(MEGABYTE + 1), ErrorKind::TooLarge);
    check(&"\u{0}".repeat(100), ErrorKind::Syntax);
    let registers: String = (0..100_000)
        .map(|n| format!("creg c{n}[1];"))
        .take(65)
        .collect();
    check(&registers, ErrorKind::TooLarge);
}
