//! From the last statement to the whole circuit.

use super::{
    error::{CircuitError, ErrorKind},
    parser::{Parser, Source},
};
use crate::circuit::{MAX_BITS, MAX_QUBITS, Measurement};

impl Parser<'_> {
    pub(super) fn finish(self) -> Result<Source, CircuitError> {
        if self.measurements.is_empty() {
            let (kind, message) = if self.operations.is_empty() {
                (
                    ErrorKind::EmptyCircuit,
                    "the circuit does nothing; try `qreg q[1]; h q[0]; measure q;`",
                )
            } else {
                (
                    ErrorKind::NoMeasurement,
                    "the circuit measures nothing; end it with a `measure`",
                )
            };
            return Err(CircuitError::new(kind, self.at, message));
        }
        let (bits, measurements) = self.lay_out_bits()?;
        Ok(Source {
            qubits: self.registers.qubits().into(),
            bits,
            operations: self.operations,
            measurements,
        })
    }

    /// Gives each measurement its bit of the result: first the classical registers that are
    /// written to, in the order of their declaration, then a bit for each qubit that is measured
    /// without a place named for it, in the order of the qubits.
    fn lay_out_bits(&self) -> Result<(usize, Vec<Measurement>), CircuitError> {
        let mut place = [0; MAX_BITS];
        let mut bits = 0;
        for (first, size) in self.registers.classical() {
            let own = first..first + size;
            if !self
                .measurements
                .iter()
                .any(|(_, bit)| bit.is_some_and(|bit| own.contains(&bit)))
            {
                continue;
            }
            for bit in own {
                place[usize::from(bit)] = bits;
                bits += 1;
            }
        }
        let mut own = [None; MAX_QUBITS];
        for (qubit, _) in self.measurements.iter().filter(|(_, bit)| bit.is_none()) {
            own[usize::from(*qubit)] = Some(0);
        }
        for bit in own.iter_mut().flatten() {
            *bit = bits;
            bits += 1;
        }
        if MAX_BITS < usize::from(bits) {
            let message = format!(
                "the result has more than {MAX_BITS} bits; name a place in a `creg` for each"
            );
            return Err(CircuitError::new(ErrorKind::TooLarge, self.at, message));
        }
        let measurements = self.measurements.iter().map(|&(qubit, bit)| Measurement {
            qubit,
            bit: match bit {
                Some(bit) => place[usize::from(bit)],
                None => own[usize::from(qubit)].expect("each such qubit has got its bit above"),
            },
        });
        Ok((bits.into(), measurements.collect()))
    }
}
