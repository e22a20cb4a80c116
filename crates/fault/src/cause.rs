//! The chain of sources behind an error: what it leads to, and whether it was told already.

use std::{
    borrow::Cow,
    error::Error,
    fmt::{self, Write},
    iter,
    sync::Arc,
};

use throughline_correlation::scrub;

use crate::{Fault, FaultId, PeerError};

/// Bytes kept of a root cause.
const MAX_CAUSE: usize = 1_024;
/// Bytes kept of an error's own text.
const MAX_TEXT: usize = 8_192;
/// How far beyond its limit a text is looked at.
const LOOKAHEAD: usize = 512;
/// Links of the chain that are followed: an error may name itself as its source.
const MAX_DEPTH: usize = 64;

/// The text of the deepest source, or of the error itself if it has none; without credentials, and cut
/// at [`MAX_CAUSE`].
pub(crate) fn root(error: &(dyn Error + 'static)) -> String {
    written(chain(error).last().unwrap_or(error), MAX_CAUSE)
}

/// The error's own text, in the same way, cut at [`MAX_TEXT`].
pub(crate) fn text(error: &dyn Error) -> String {
    written(error, MAX_TEXT)
}

/// The text of an error, as far as it can be written: one whose `Display` fails is still told.
fn written(error: &dyn Error, max: usize) -> String {
    let mut text = Capped {
        // So far beyond the limit that a credential on it is seen whole.
        room: max + LOOKAHEAD,
        text: String::new(),
    };
    // An overlong text stops the formatting; what was written until then is kept.
    let is_cut = write!(text, "{error}").is_err();
    let mut text = match scrub(&text.text, is_cut) {
        Cow::Borrowed(_) => text.text,
        Cow::Owned(scrubbed) => scrubbed,
    };
    text.truncate(floor(&text, max));
    text
}

/// Where an error has been told already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// In this process, as a fault.
    Here(FaultId),
    /// In another one.
    Elsewhere(FaultId),
}

/// The first in the chain that says that this error has been told.
pub(crate) fn told(error: &(dyn Error + 'static)) -> Option<Told> {
    chain(error).find_map(|link| {
        let fault = None
            .or_else(|| link.downcast_ref::<Fault>())
            .or_else(|| link.downcast_ref::<Arc<Fault>>().map(|fault| &**fault))
            .or_else(|| link.downcast_ref::<Box<Fault>>().map(|fault| &**fault));
        let peer = || link.downcast_ref::<PeerError>()?.told();
        fault
            .map(|fault| Told::Here(fault.id()))
            .or_else(|| peer().map(Told::Elsewhere))
    })
}

/// The error and what is behind it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&link| link.source()).take(1 + MAX_DEPTH)
}

/// Text that ends the formatting once there is no room for more.
struct Capped {
    room: usize,
    text: String,
}

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = floor(text, self.room);
        self.text.push_str(&text[..end]);
        self.room -= end;
        if end == text.len() {
            return Ok(());
        }
        self.room = 0;
        Err(fmt::Error)
    }
}

/// The last boundary between characters of `text` at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    let is_boundary = |at: &usize| text.is_char_boundary(*at);
    (0..=at).rev().find(is_boundary).unwrap_or(0)
}
