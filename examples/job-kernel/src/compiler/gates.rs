//! Gate statements.

use super::{
    error::{CircuitError, ErrorKind, Position, shown},
    lexer::Token,
    parser::{Operation, Parser},
    registers::Operand,
};
use crate::circuit::{Gate, GateKind, MAX_OPERATIONS};

impl Parser<'_> {
    pub(super) fn gate(&mut self, name: &str, at: Position) -> Result<(), CircuitError> {
        let Some(kind) = GateKind::parse(name) else {
            let known = GateKind::ALL.map(GateKind::as_str).join(" ");
            let message = format!("there is no gate {}; there are: {known}", shown(name));
            return Err(CircuitError::new(ErrorKind::UnknownGate, at, message));
        };
        let angle = self.parameter(kind, at)?;
        let operands = self.operands(3)?;
        if operands.len() != kind.qubits() {
            let (takes, has) = (kind.qubits(), operands.len());
            let message = format!(
                "`{name}` works on {takes} qubit{}, not on {has}",
                if takes == 1 { "" } else { "s" }
            );
            return Err(CircuitError::new(ErrorKind::WrongOperands, at, message));
        }
        let mut sizes = operands
            .iter()
            .filter_map(|operand| operand.size().map(|size| (size, operand.at)));
        let rounds = sizes.next().map_or(1, |(size, _)| size);
        if let Some((_, at)) = sizes.find(|(size, _)| *size != rounds) {
            let message = "registers side by side must be of one size";
            return Err(CircuitError::new(ErrorKind::SizeMismatch, at, message));
        }
        for i in 0..rounds {
            self.apply(kind, &operands, i, angle, at)?;
        }
        Ok(())
    }

    fn parameter(&mut self, kind: GateKind, at: Position) -> Result<f64, CircuitError> {
        let name = kind.as_str();
        match (kind.is_rotation(), self.token == Token::Symbol('(')) {
            (true, true) => {
                self.expect('(')?;
                let angle = self.angle()?;
                self.expect(')')?;
                Ok(angle)
            }
            (false, false) => Ok(0.0),
            (true, false) => {
                let message = format!("`{name}` needs an angle, such as `{name}(pi/2)`");
                Err(CircuitError::new(ErrorKind::BadParameter, at, message))
            }
            (false, true) => {
                let message = format!("`{name}` takes no angle");
                Err(CircuitError::new(ErrorKind::BadParameter, self.at, message))
            }
        }
    }

    fn apply(
        &mut self,
        kind: GateKind,
        operands: &[Operand],
        round: u8,
        angle: f64,
        at: Position,
    ) -> Result<(), CircuitError> {
        let mut qubits = [0; 3];
        for (n, operand) in operands.iter().enumerate() {
            let qubit = operand.nth(round);
            if qubits[..n].contains(&qubit) {
                let message = format!(
                    "`{}` has one qubit twice; its qubits must differ",
                    kind.as_str()
                );
                return Err(CircuitError::new(
                    ErrorKind::DuplicateQubit,
                    operand.at,
                    message,
                ));
            }
            if self.measured & 1 << qubit != 0 {
                let message = "this qubit has been measured; measure after its last gate";
                return Err(CircuitError::new(
                    ErrorKind::GateAfterMeasurement,
                    operand.at,
                    message,
                ));
            }
            qubits[n] = qubit;
        }
        self.room(at)?;
        self.operations.push(Operation::Gate(Gate::new(
            kind,
            &qubits[..kind.qubits()],
            angle,
        )));
        Ok(())
    }

    /// Refuses one operation more than there may be.
    pub(super) fn room(&self, at: Position) -> Result<(), CircuitError> {
        if self.operations.len() + self.measurements.len() < MAX_OPERATIONS {
            return Ok(());
        }
        let message = format!("a circuit has at most {MAX_OPERATIONS} operations");
        Err(CircuitError::new(ErrorKind::TooLarge, at, message))
    }
}
