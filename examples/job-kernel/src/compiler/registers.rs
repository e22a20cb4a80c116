//! The registers that a circuit declares, and what its operands mean.

use std::collections::HashMap;

use super::error::{CircuitError, ErrorKind, Position, shown};
use crate::circuit::{MAX_BITS, MAX_QUBITS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RegisterKind {
    Quantum,
    Classical,
}

#[derive(Debug, Clone, Copy)]
struct Register {
    kind: RegisterKind,
    /// Number of its first qubit or bit.
    first: u8,
    size: u8,
}

/// One qubit or bit, or a whole register of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand {
    pub(super) at: Position,
    first: u8,
    /// None for a single one.
    size: Option<u8>,
}

impl Operand {
    /// How many there are, if it is a register.
    pub(super) const fn size(&self) -> Option<u8> {
        self.size
    }

    /// The one that takes part in the `i`-th round of a broadcast.
    pub(super) const fn nth(&self, i: u8) -> u8 {
        match self.size {
            Some(_) => self.first + i,
            None => self.first,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Registers<'a> {
    by_name: HashMap<&'a str, Register>,
    qubits: u8,
    bits: u8,
}

impl<'a> Registers<'a> {
    pub(super) const fn qubits(&self) -> u8 {
        self.qubits
    }

    /// The classical registers in the order of their declaration: first bit and size of each.
    pub(super) fn classical(&self) -> impl Iterator<Item = (u8, u8)> {
        let mut found: Vec<_> = self
            .by_name
            .values()
            .filter(|register| register.kind == RegisterKind::Classical)
            .map(|register| (register.first, register.size))
            .collect();
        found.sort_unstable();
        found.into_iter()
    }

    /// Declares a register; `size` is none for a number too large to read.
    pub(super) fn declare(
        &mut self,
        kind: RegisterKind,
        (name, name_at): (&'a str, Position),
        (size, size_at): (Option<u64>, Position),
    ) -> Result<(), CircuitError> {
        if self.by_name.contains_key(name) {
            let message = format!(
                "there is already a register {}; choose another name",
                shown(name)
            );
            return Err(CircuitError::new(
                ErrorKind::DuplicateRegister,
                name_at,
                message,
            ));
        }
        if size == Some(0) {
            return Err(CircuitError::new(
                ErrorKind::BadParameter,
                size_at,
                "a register needs a size of at least 1",
            ));
        }
        let (count, most) = match kind {
            RegisterKind::Quantum => (&mut self.qubits, MAX_QUBITS),
            RegisterKind::Classical => (&mut self.bits, MAX_BITS),
        };
        let first = *count;
        let size = size
            .and_then(|size| u8::try_from(size).ok())
            .filter(|size| usize::from(*size) + usize::from(first) <= most)
            .ok_or_else(|| too_many(kind, size_at))?;
        *count += size;
        self.by_name.insert(name, Register { kind, first, size });
        Ok(())
    }

    /// What `name` or `name[index]` stands for; `index` is none for a number too large to read.
    pub(super) fn resolve(
        &self,
        kind: RegisterKind,
        (name, at): (&str, Position),
        index: Option<(Option<u64>, Position)>,
    ) -> Result<Operand, CircuitError> {
        let Some(register) = self.by_name.get(name) else {
            let declare = match kind {
                RegisterKind::Quantum => format!("qreg {}[1];", shown(name).trim_matches('`')),
                RegisterKind::Classical => format!("creg {}[1];", shown(name).trim_matches('`')),
            };
            let message = format!(
                "there is no register {}; declare it with `{declare}`",
                shown(name)
            );
            return Err(CircuitError::new(ErrorKind::UnknownRegister, at, message));
        };
        if register.kind != kind {
            let (is, wanted) = match kind {
                RegisterKind::Quantum => ("classical", "a quantum one (`qreg`)"),
                RegisterKind::Classical => ("quantum", "a classical one (`creg`)"),
            };
            let message = format!(
                "{} is a {is} register; this place needs {wanted}",
                shown(name)
            );
            return Err(CircuitError::new(ErrorKind::UnknownRegister, at, message));
        }
        let Some((index, index_at)) = index else {
            return Ok(Operand {
                at,
                first: register.first,
                size: Some(register.size),
            });
        };
        match index
            .and_then(|index| u8::try_from(index).ok())
            .filter(|index| *index < register.size)
        {
            Some(index) => Ok(Operand {
                at,
                first: register.first + index,
                size: None,
            }),
            None => {
                let last = register.size - 1;
                let message = format!(
                    "this index is past the end of {}; its last is {last}",
                    shown(name)
                );
                Err(CircuitError::new(
                    ErrorKind::IndexOutOfRange,
                    index_at,
                    message,
                ))
            }
        }
    }
}

fn too_many(kind: RegisterKind, at: Position) -> CircuitError {
    match kind {
        RegisterKind::Quantum => {
            let message = format!("a circuit has at most {MAX_QUBITS} qubits in all its registers");
            CircuitError::new(ErrorKind::TooManyQubits, at, message)
        }
        RegisterKind::Classical => {
            let message =
                format!("a circuit has at most {MAX_BITS} classical bits in all its registers");
            CircuitError::new(ErrorKind::TooLarge, at, message)
        }
    }
}
