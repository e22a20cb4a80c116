//! Numbers on the wire are those of the protobuf enums.

use job_kernel::{
    circuit::{BadProgram, Circuit, GateKind},
    compiler::{CircuitError, compile},
    kernel::{Stage, State},
    rpc,
};
use tonic::Status;

/// Our enums and those of protobuf have the same numbers for the same names.
#[test]
fn enums_agree() {
    for kind in GateKind::ALL {
        let name = rpc::GateKind::try_from(kind as i32).unwrap().as_str_name();
        assert_eq!(name, format!("GATE_KIND_{}", kind.as_str().to_uppercase()));
    }
    for (number, state) in (1..).zip(State::ALL) {
        let name = rpc::JobState::try_from(number).unwrap().as_str_name();
        assert_eq!(name, format!("JOB_STATE_{}", state.as_str().to_uppercase()));
        assert_eq!(State::from_wire(number), Some(*state));
    }
    for (number, stage) in (1..).zip(Stage::ALL) {
        let name = rpc::Stage::try_from(number).unwrap().as_str_name();
        assert_eq!(name, format!("STAGE_{}", stage.as_str().to_uppercase()));
        assert_eq!(Stage::from_wire(number), Some(*stage));
    }
    assert_eq!(
        (
            State::from_wire(0),
            State::from_wire(9),
            Stage::from_wire(0),
            Stage::from_wire(6)
        ),
        (None, None, None, None)
    );
}

#[test]
fn a_circuits_mistake_survives_the_way() {
    let why = compile("qreg q[2];\n  hh q[0];").unwrap_err();
    let status = why.to_status();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert_eq!(CircuitError::from_status(&status), Some(why));
    assert_eq!(
        CircuitError::from_status(&Status::invalid_argument("other")),
        None
    );
    let garbage = Status::with_details(tonic::Code::InvalidArgument, "", vec![0xff; 9].into());
    assert_eq!(CircuitError::from_status(&garbage), None);
}

#[test]
fn programs_from_outside_are_checked() {
    let circuit =
        compile("qreg q[3]; creg c[2]; ccx q[0],q[1],q[2]; rz(1) q[2]; measure q[2] -> c[1];")
            .unwrap()
            .circuit;
    let good = circuit.to_program(0);
    assert_eq!(Circuit::from_program(&good), Ok(circuit));

    #[track_caller]
    fn check(good: &rpc::Program, spoil: impl FnOnce(&mut rpc::Program)) {
        let mut program = good.clone();
        spoil(&mut program);
        let result: Result<Circuit, BadProgram> = Circuit::from_program(&program);
        assert!(result.is_err(), "{program:?}");
    }
    check(&good, |p| p.qubits = 17);
    check(&good, |p| p.qubits = u32::MAX);
    check(&good, |p| p.qubits = 2);
    check(&good, |p| p.qubits = 0);
    check(&good, |p| p.bits = 65);
    check(&good, |p| p.bits = 1);
    check(&good, |p| p.gates[0].kind = 0);
    check(&good, |p| p.gates[0].kind = 99);
    check(&good, |p| p.gates[0].qubits[1] = 3);
    check(&good, |p| p.gates[0].qubits[1] = 256);
    check(&good, |p| p.gates[0].qubits[1] = 0);
    check(&good, |p| p.gates[0].qubits.truncate(2));
    check(&good, |p| p.gates[0].qubits.push(1));
    check(&good, |p| p.gates[1].angle = f64::NAN);
    check(&good, |p| p.gates = vec![p.gates[1].clone(); 100_001]);
    check(&good, |p| p.measurements[0].qubit = 3);
    check(&good, |p| p.measurements[0].bit = 2);
}
