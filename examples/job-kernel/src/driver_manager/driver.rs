//! The drivers, and how the faulty one fails.

use throughline_catalog::label;

use crate::rpc;

label! {
    /// The drivers there are.
    pub enum Driver {
        /// Simulates the state of all qubits.
        Statevector = "statevector",
        /// Fails or stalls, to try out what happens then.
        Faulty = "faulty",
    }
}

impl Driver {
    /// The driver of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|driver| driver.as_str() == name)
    }

    /// The one device that the driver has.
    #[must_use]
    pub const fn device_id(self) -> &'static str {
        match self {
            Self::Statevector => "statevector-0",
            Self::Faulty => "faulty-0",
        }
    }
}

/// How the faulty driver fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMode {
    /// Answers with an error.
    Fail,
    /// Never answers.
    Stall,
}

impl FaultMode {
    /// Reads the protobuf enum; what is unspecified or unknown is none.
    #[must_use]
    pub const fn from_wire(mode: rpc::FaultMode) -> Option<Self> {
        match mode {
            rpc::FaultMode::Unspecified => None,
            rpc::FaultMode::Fail => Some(Self::Fail),
            rpc::FaultMode::Stall => Some(Self::Stall),
        }
    }

    /// The protobuf enum for it.
    #[must_use]
    pub const fn to_wire(mode: Option<Self>) -> rpc::FaultMode {
        match mode {
            None => rpc::FaultMode::Unspecified,
            Some(Self::Fail) => rpc::FaultMode::Fail,
            Some(Self::Stall) => rpc::FaultMode::Stall,
        }
    }
}
