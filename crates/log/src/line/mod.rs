//! Making one line: taking the values of an event, and writing them in the schema's order.

mod compose;
mod escape;
mod notice;
mod scope;
mod scratch;
mod span_fields;
mod timestamp;
mod visitor;

pub(crate) use self::{
    compose::{Head, compose},
    escape::{Limit, quote},
    notice::notice,
    scope::{TraceIds, take_scope},
    scratch::Scratch,
    span_fields::SpanFields,
    visitor::Visitor,
};

/// The most bytes of a line, its line break included: container runtimes split longer ones at 16 KiB.
pub const MAX_LINE: usize = 16_000;

/// The most bytes of a target.
pub(crate) const MAX_TARGET: usize = 128;
/// The most bytes of a source file's path.
pub(crate) const MAX_FILE: usize = 256;
