//! What is wrong with a circuit, and how it crosses to other programs.

use std::{error::Error, fmt};

use prost::Message as _;
use tonic::{Code, Status};

use crate::rpc;

/// A place in a source, counted from 1; columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which line.
    pub line: u32,
    /// Which character of the line.
    pub column: u32,
}

macro_rules! kinds {
    ($($(#[$doc:meta])+ $name:ident = $text:literal,)+) => {
        /// What is wrong with a circuit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorKind {
            $($(#[$doc])+ $name,)+
        }

        impl ErrorKind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The kind as one word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

kinds! {
    /// The text does not follow the grammar.
    Syntax = "syntax",
    /// No gate of that name.
    UnknownGate = "unknown_gate",
    /// No register of that name.
    UnknownRegister = "unknown_register",
    /// An index past a register's end.
    IndexOutOfRange = "index_out_of_range",
    /// A name declared twice.
    DuplicateRegister = "duplicate_register",
    /// A gate that has one qubit twice.
    DuplicateQubit = "duplicate_qubit",
    /// More qubits than the drivers have.
    TooManyQubits = "too_many_qubits",
    /// More or fewer operands than a gate takes.
    WrongOperands = "wrong_operands",
    /// An angle that is missing, superfluous or no number.
    BadParameter = "bad_parameter",
    /// Registers of different sizes side by side.
    SizeMismatch = "size_mismatch",
    /// A gate on a qubit that has been measured.
    GateAfterMeasurement = "gate_after_measurement",
    /// A circuit that does something and measures nothing.
    NoMeasurement = "no_measurement",
    /// A circuit that does nothing.
    EmptyCircuit = "empty_circuit",
    /// More source, operations or classical bits than the limits allow.
    TooLarge = "too_large",
}

/// What is wrong with a circuit, where, and what would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitError {
    kind: ErrorKind,
    message: String,
    at: Position,
}

impl CircuitError {
    pub(super) fn new(kind: ErrorKind, at: Position, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            at,
        }
    }

    /// What kind of mistake it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong, in words.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where it is.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.at
    }

    /// The status that carries it between programs.
    #[must_use]
    pub fn to_status(&self) -> Status {
        let Position { line, column } = self.at;
        let details = rpc::CircuitError {
            kind: self.kind.as_str().to_owned(),
            message: self.message.clone(),
            line,
            column,
        };
        Status::with_details(
            Code::InvalidArgument,
            self.to_string(),
            details.encode_to_vec().into(),
        )
    }

    /// Reads what [`Self::to_status`] made; any other status is none.
    #[must_use]
    pub fn from_status(status: &Status) -> Option<Self> {
        if status.code() != Code::InvalidArgument || status.details().is_empty() {
            return None;
        }
        let rpc::CircuitError {
            kind,
            message,
            line,
            column,
        } = rpc::CircuitError::decode(status.details()).ok()?;
        let kind = ErrorKind::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == kind)?;
        Some(Self {
            kind,
            message,
            at: Position { line, column },
        })
    }
}

impl fmt::Display for CircuitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.at;
        write!(f, "line {line}, column {column}: {}", self.message)
    }
}

impl Error for CircuitError {}

/// A piece of the source as a message shows it: short, and in plain characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 32;
    let short: String = text
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    let rest = if text.chars().nth(LONGEST).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{short}{rest}`")
}
