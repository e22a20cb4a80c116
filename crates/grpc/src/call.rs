//! What is known of a call when it is counted.

use crate::{
    code::Code,
    labels::{CallType, MetadataSource, Method, Outcome, SLOTS, ServerAddress, Target},
};

/// A call and how it ended: what labels are read from.
///
/// While a call runs its code is `CANCELLED` and its outcome `cancelled`: what it would be if nobody
/// waited any longer.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    method: Method,
    call_type: CallType,
    code: Code,
    outcome: Outcome,
    target: Target,
    address: ServerAddress,
    // The values' numbers, each at its label's place.
    metadata: [u32; SLOTS],
}

impl Call {
    pub(crate) const fn begun(method: Method, call_type: CallType) -> Self {
        Self {
            method,
            call_type,
            code: Code::Cancelled,
            outcome: Outcome::Cancelled,
            target: Target::OVERFLOW,
            address: ServerAddress::OVERFLOW,
            metadata: [0; SLOTS],
        }
    }

    pub(crate) const fn to(mut self, target: Target, address: ServerAddress) -> Self {
        self.target = target;
        self.address = address;
        self
    }

    pub(crate) const fn says(&mut self, slot: usize, number: u32) {
        self.metadata[slot] = number;
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

    /// Which side sends a stream of messages, as far as the layer's [`Methods`](crate::Methods) say.
    #[must_use]
    pub const fn call_type(&self) -> CallType {
        self.call_type
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

    /// Whom a client calls, as its layer was told.
    #[must_use]
    pub const fn target(&self) -> Target {
        self.target
    }

    pub(crate) const fn address(&self) -> ServerAddress {
        self.address
    }

    #[doc(hidden)]
    #[must_use]
    pub fn metadata(&self, source: &MetadataSource) -> u32 {
        source.slot().map_or(0, |slot| self.metadata[slot])
    }
}
