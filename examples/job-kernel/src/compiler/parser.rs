//! Statements, and the operations they stand for.

use super::{
    MAX_SOURCE,
    error::{CircuitError, ErrorKind, Position},
    lexer::{Lexer, Token},
    registers::{Operand, RegisterKind, Registers},
};
use crate::circuit::{Gate, MAX_QUBITS, Measurement};

/// What happens before the measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// A gate on its qubits.
    Gate(Gate),
    /// Gates on either side stay there; qubit `n` is bit `n` of the mask.
    Barrier(u32),
}

/// A circuit as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// How many qubits there are.
    pub qubits: usize,
    /// How many classical bits the result has.
    pub bits: usize,
    /// Gates and barriers in their order.
    pub operations: Vec<Operation>,
    /// The measurements.
    pub measurements: Vec<Measurement>,
}

/// Reads and checks a circuit.
///
/// # Errors
/// At the first mistake.
pub fn parse(source: &str) -> Result<Source, CircuitError> {
    if MAX_SOURCE < source.len() {
        let message = format!("a circuit's source has at most {MAX_SOURCE} bytes");
        return Err(CircuitError::new(
            ErrorKind::TooLarge,
            Position { line: 1, column: 1 },
            message,
        ));
    }
    let mut parser = Parser::new(source)?;
    while parser.token != Token::End {
        parser.statement()?;
    }
    parser.finish()
}

#[derive(Debug)]
pub(super) struct Parser<'a> {
    lexer: Lexer<'a>,
    pub(super) token: Token<'a>,
    /// Where the token stands.
    pub(super) at: Position,
    first_statement: bool,
    pub(super) registers: Registers<'a>,
    pub(super) operations: Vec<Operation>,
    /// Qubit and, where one is named, bit.
    pub(super) measurements: Vec<(u8, Option<u8>)>,
    /// Qubit `n` is bit `n`.
    pub(super) measured: u32,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str) -> Result<Self, CircuitError> {
        let mut lexer = Lexer::new(source);
        let (token, at) = lexer.next()?;
        Ok(Self {
            lexer,
            token,
            at,
            first_statement: true,
            registers: Registers::default(),
            operations: Vec::new(),
            measurements: Vec::new(),
            measured: 0,
        })
    }

    pub(super) fn advance(&mut self) -> Result<Token<'a>, CircuitError> {
        let (token, at) = self.lexer.next()?;
        self.at = at;
        Ok(std::mem::replace(&mut self.token, token))
    }

    pub(super) fn accept(&mut self, symbol: char) -> Result<bool, CircuitError> {
        let found = self.token == Token::Symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, symbol: char) -> Result<(), CircuitError> {
        if self.accept(symbol)? {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{symbol}`")))
        }
    }

    fn unexpected(&self, wanted: &str) -> CircuitError {
        let message = format!("expected {wanted}, found {}", self.token.described());
        CircuitError::new(ErrorKind::Syntax, self.at, message)
    }

    fn word(&mut self, wanted: &str) -> Result<(&'a str, Position), CircuitError> {
        let at = self.at;
        let Token::Word(word) = self.token else {
            return Err(self.unexpected(wanted));
        };
        self.advance()?;
        Ok((word, at))
    }

    fn statement(&mut self) -> Result<(), CircuitError> {
        let first = std::mem::replace(&mut self.first_statement, false);
        let (word, at) = self.word("a statement such as `h q[0];`")?;
        match word {
            "OPENQASM" => self.version(first, at)?,
            "include" => self.include()?,
            "qreg" => self.register(RegisterKind::Quantum)?,
            "creg" => self.register(RegisterKind::Classical)?,
            "measure" => self.measure(at)?,
            "barrier" => self.barrier(at)?,
            name => self.gate(name, at)?,
        }
        self.expect(';')
    }

    fn version(&mut self, first: bool, at: Position) -> Result<(), CircuitError> {
        if !first {
            return Err(CircuitError::new(
                ErrorKind::Syntax,
                at,
                "`OPENQASM 2.0;` may stand at the start only",
            ));
        }
        if !matches!(self.token, Token::Number("2.0" | "2")) {
            return Err(self.unexpected("the version `2.0`"));
        }
        self.advance().map(drop)
    }

    fn include(&mut self) -> Result<(), CircuitError> {
        if self.token != Token::Text("qelib1.inc") {
            return Err(self.unexpected("`\"qelib1.inc\"`, whose gates are built in"));
        }
        self.advance().map(drop)
    }

    fn register(&mut self, kind: RegisterKind) -> Result<(), CircuitError> {
        let name = self.word("a register's name")?;
        self.expect('[')?;
        let size = self.whole_number()?;
        self.expect(']')?;
        self.registers.declare(kind, name, size)
    }

    /// A size or an index; none where it is too large to be either.
    fn whole_number(&mut self) -> Result<(Option<u64>, Position), CircuitError> {
        let at = self.at;
        match self.token {
            Token::Number(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
                self.advance()?;
                Ok((text.parse().ok(), at))
            }
            _ => Err(self.unexpected("a whole number")),
        }
    }

    fn operand(&mut self, kind: RegisterKind) -> Result<Operand, CircuitError> {
        let name = self.word("a register's name")?;
        let index = if self.accept('[')? {
            let index = self.whole_number()?;
            self.expect(']')?;
            Some(index)
        } else {
            None
        };
        self.registers.resolve(kind, name, index)
    }

    /// Operands up to the semicolon, and no more than make sense.
    pub(super) fn operands(&mut self, most: usize) -> Result<Vec<Operand>, CircuitError> {
        let mut operands = vec![self.operand(RegisterKind::Quantum)?];
        while self.accept(',')? {
            let operand = self.operand(RegisterKind::Quantum)?;
            if operands.len() == most {
                let message = format!("there are more than {most} operands here");
                return Err(CircuitError::new(
                    ErrorKind::WrongOperands,
                    operand.at,
                    message,
                ));
            }
            operands.push(operand);
        }
        Ok(operands)
    }

    fn measure(&mut self, at: Position) -> Result<(), CircuitError> {
        let qubits = self.operand(RegisterKind::Quantum)?;
        let bits = if self.token == Token::Arrow {
            self.advance()?;
            let bits = self.operand(RegisterKind::Classical)?;
            if bits.size() != qubits.size() {
                let message =
                    "both sides of `->` must be of one size: two registers, or two single places";
                return Err(CircuitError::new(ErrorKind::SizeMismatch, bits.at, message));
            }
            Some(bits)
        } else {
            None
        };
        for i in 0..qubits.size().unwrap_or(1) {
            self.room(at)?;
            self.measured |= 1 << qubits.nth(i);
            self.measurements
                .push((qubits.nth(i), bits.map(|bits| bits.nth(i))));
        }
        Ok(())
    }

    fn barrier(&mut self, at: Position) -> Result<(), CircuitError> {
        let mut mask = 0;
        for operand in self.operands(MAX_QUBITS)? {
            for i in 0..operand.size().unwrap_or(1) {
                mask |= 1 << operand.nth(i);
            }
        }
        self.room(at)?;
        self.operations.push(Operation::Barrier(mask));
        Ok(())
    }
}
