//! Taking the values of an event or of a span: only those that the schema names or allows.

use std::{
    error::Error,
    fmt::{self, Write},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

use throughline_correlation::{MAX_LEN, REDACTED, find_credential};
use tracing_core::field::{Field, Visit};

use super::{
    escape::{Limit, escape, floor},
    scratch::Scratch,
};
use crate::schema::{Plan, Rule};

/// How far beyond its limit a text is looked at, so that a credential on the limit is seen whole.
const LOOKAHEAD: usize = 512;
/// More sources than this is a circle.
const MAX_SOURCES: usize = 64;
/// What stands for a value that panicked; the panic hook has reported it.
const PANICKED: &str = "[panicked while being formatted]";

#[derive(Debug)]
pub(crate) struct Visitor<'a> {
    plan: &'a Plan,
    scratch: &'a mut Scratch,
    of_event: bool,
    of_log_crate: bool,
    refused: u128,
}

impl<'a> Visitor<'a> {
    pub(crate) fn of_event(plan: &'a Plan, scratch: &'a mut Scratch, target: &str) -> Self {
        scratch.begin(plan.rules.len());
        Self {
            plan,
            scratch,
            of_event: true,
            of_log_crate: target == "log",
            refused: 0,
        }
    }

    pub(crate) fn of_span(plan: &'a Plan, scratch: &'a mut Scratch) -> Self {
        scratch.begin(plan.rules.len());
        Self {
            plan,
            scratch,
            of_event: false,
            of_log_crate: false,
            refused: 0,
        }
    }

    /// One bit for each field that was left out.
    pub(crate) const fn refused(&self) -> u128 {
        self.refused
    }

    fn refuse(&mut self, field: &Field) {
        self.refused |= 1 << field.index().min(127);
    }

    /// Where the field's value belongs, if anywhere.
    fn slot(&mut self, field: &Field) -> Option<(usize, Rule)> {
        let name = field.name();
        if let Some(slot) = self.plan.slot(name) {
            let rule = self.plan.rules[slot];
            let wanted = match rule {
                Rule::Origin(_) => self.of_log_crate,
                _ => self.of_event || rule.inherits(),
            };
            if wanted {
                return Some((slot, rule));
            }
        } else if name.starts_with("otel.") || (self.of_log_crate && name.starts_with("log.")) {
            // Directions to the bridges, and no data.
            return None;
        }
        self.refuse(field);
        None
    }

    fn text(&mut self, field: &Field, text: &str) {
        if let Some((slot, rule)) = self.slot(field) {
            let end = floor(text, rule.cap() + LOOKAHEAD);
            self.put(field, slot, rule, &text[..end], end < text.len());
        }
    }

    /// Sets a text; `cut` says that it is not the whole.
    fn put(&mut self, field: &Field, slot: usize, rule: Rule, text: &str, cut: bool) {
        if rule == Rule::Id && (cut || !is_id(text)) {
            return self.refuse(field);
        }
        self.scratch
            .set(slot, |out| write_text(out, text, rule.cap(), cut));
    }

    /// A number or a bool, which only a field of the application has as such.
    fn number(&mut self, field: &Field, digits: &str) {
        match self.slot(field) {
            Some((slot, Rule::Value | Rule::Origin(_))) => self.scratch.set(slot, |out| {
                out.extend_from_slice(digits.as_bytes());
                true
            }),
            Some((slot, rule)) => self.put(field, slot, rule, digits, false),
            None => {}
        }
    }

    fn formatted(&mut self, field: &Field, slot: usize, rule: Rule, value: fmt::Arguments<'_>) {
        self.through_raw(field, slot, rule, |raw| raw.write_fmt(value));
    }

    fn through_raw(
        &mut self,
        field: &Field,
        slot: usize,
        rule: Rule,
        write: impl FnOnce(&mut Capped<'_>) -> fmt::Result,
    ) {
        let mut raw = mem::take(&mut self.scratch.raw);
        raw.clear();
        let mut capped = Capped {
            text: &mut raw,
            limit: rule.cap() + LOOKAHEAD,
            full: false,
        };
        let written = catch_unwind(AssertUnwindSafe(|| write(&mut capped)));
        let mut whole = matches!(written, Ok(Ok(()))) && !capped.full;
        if written.is_err() {
            raw.clear();
            raw.push_str(PANICKED);
            whole = true;
        }
        self.put(field, slot, rule, &raw, !whole);
        self.scratch.raw = raw;
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, itoa::Buffer::new().format(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, itoa::Buffer::new().format(value));
    }

    // Readers of JSON keep 53 bits of a number; these would come out as others.
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.text(field, itoa::Buffer::new().format(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.text(field, itoa::Buffer::new().format(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, if value { "true" } else { "false" });
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let mut buffer = zmij::Buffer::new();
        if value.is_finite() {
            self.number(field, buffer.format_finite(value));
        } else {
            self.text(field, buffer.format(value));
        }
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        if let Some((slot, rule)) = self.slot(field) {
            self.through_raw(field, slot, rule, |raw| {
                for chunk in value.utf8_chunks() {
                    raw.write_str(chunk.valid())?;
                    if !chunk.invalid().is_empty() {
                        raw.write_char(char::REPLACEMENT_CHARACTER)?;
                    }
                }
                Ok(())
            });
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let Some((slot, rule)) = self.slot(field) else {
            return;
        };
        self.formatted(field, slot, rule, format_args!("{value}"));
        let root = self.plan.root_cause;
        if slot == self.plan.error
            && !self.scratch.values[root].is_set()
            && let Some(source) = deepest_source(value)
        {
            self.formatted(field, root, self.plan.rules[root], format_args!("{source}"));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if let Some((slot, rule)) = self.slot(field) {
            self.formatted(field, slot, rule, format_args!("{value:?}"));
        }
    }
}

fn deepest_source<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.take(MAX_SOURCES).last()
}

/// The rule of the ids: see [`throughline_correlation::Id`].
fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    !text.is_empty() && text.len() <= MAX_LEN && text.bytes().all(plain)
}

/// Writes a text without the credentials in it. Returns whether all of it fitted.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str, cap: usize, cut: bool) -> bool {
    let mut limit = Limit::of(cap);
    out.push(b'"');
    let (mut from, mut whole) = (0, !cut);
    while let Some(found) = find_credential(text, from, cut) {
        whole &=
            escape(out, &text[from..found.start], &mut limit) && escape(out, REDACTED, &mut limit);
        from = found.end;
    }
    whole &= escape(out, &text[from..], &mut limit);
    out.push(b'"');
    whole
}

/// Text up to a limit: beyond it, formatting stops.
struct Capped<'a> {
    text: &'a mut String,
    limit: usize,
    full: bool,
}

impl Write for Capped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = floor(text, self.limit - self.text.len());
        self.text.push_str(&text[..end]);
        self.full |= end < text.len();
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use throughline_correlation::JobId;

    use super::is_id;

    #[test]
    fn an_id_here_is_an_id_there() {
        let characters = (0..=255_u8).map(|byte| char::from(byte).to_string());
        let lengths = [0, 1, 127, 128, 129].map(|length| "a".repeat(length));
        for text in characters.chain(lengths) {
            assert_eq!(is_id(&text), JobId::parse(&text).is_ok(), "{text:?}");
        }
    }
}
