//! The chain of sources behind an error: what it leads to, and whether it was told already.

use std::{
    error::Error,
    fmt::{self, Write},
    iter,
    sync::Arc,
};

use crate::Fault;

/// Bytes kept of a root cause.
const MAX_CAUSE: usize = 1_024;
/// Links of the chain that are followed: an error may name itself as its source.
const MAX_DEPTH: usize = 64;

/// The text of the deepest source, or of the error itself if it has none; cut at [`MAX_CAUSE`].
pub(crate) fn root(error: &(dyn Error + 'static)) -> String {
    let mut text = Capped(String::new());
    let deepest = chain(error).last().unwrap_or(error);
    // An overlong text stops the formatting; what was written until then is kept.
    let _ = write!(text, "{deepest}");
    text.0
}

/// The error's own text, as far as it can be written: an error whose `Display` fails is still told.
pub(crate) fn text(error: &dyn Error) -> String {
    let mut text = String::new();
    let _ = write!(text, "{error}");
    text
}

/// Whether a fault is in the chain, which says that this error has been told.
pub(crate) fn is_told(error: &(dyn Error + 'static)) -> bool {
    let is_fault = |link: &(dyn Error + 'static)| {
        link.is::<Fault>() || link.is::<Arc<Fault>>() || link.is::<Box<Fault>>()
    };
    chain(error).any(is_fault)
}

/// The error and what is behind it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&link| link.source()).take(1 + MAX_DEPTH)
}

struct Capped(String);

impl Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_CAUSE - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=room)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        self.0.push_str(&text[..end]);
        Err(fmt::Error)
    }
}
