//! W3C Baggage: the codec, and the rule of what crosses a boundary.

mod decode;
mod list;
mod outgoing;
mod rule;

pub use self::list::{BaggageList, BaggageMember};
pub use self::rule::BaggageRule;
pub(crate) use self::{
    list::Reader,
    outgoing::{with_list, write},
    rule::is_key,
};

/// The members that a list may have.
const MAX_MEMBERS: usize = 64;
/// The bytes that a list may have, commas included.
const MAX_BYTES: usize = 8_192;
