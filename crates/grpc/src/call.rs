//! What is known of a call when it is counted.

use crate::{
    code::Code,
    labels::{Method, Outcome},
};

/// A call and how it ended: what labels are read from.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    method: Method,
    code: Code,
    outcome: Outcome,
}

impl Call {
    pub(crate) const fn begun(method: Method) -> Self {
        Self {
            method,
            code: Code::Cancelled,
            outcome: Outcome::Cancelled,
        }
    }

    pub(crate) const fn reached(&mut self, method: Method) {
        self.method = method;
    }

    pub(crate) const fn ended(&mut self, code: Code, outcome: Outcome) {
        self.code = code;
        self.outcome = outcome;
    }

    /// The full method, `package.Service/Method`.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The status that the call ended with, or the one that stands for an ending without any.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }
}
