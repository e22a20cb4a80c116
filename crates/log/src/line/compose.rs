//! Writing the values in the schema's order.

use std::time::SystemTime;

use tracing_core::Level;

use super::{
    MAX_FILE, MAX_LINE, MAX_TARGET,
    escape::{Limit, quote},
    scope::TraceIds,
    scratch::Scratch,
    timestamp,
};
use crate::schema::{Item, LevelCase, Plan, Rule, What};

/// What is known of an event without its fields.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) time: SystemTime,
    pub(crate) level: Level,
    pub(crate) target: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) trace: Option<TraceIds>,
    /// How many fields were left out.
    pub(crate) redacted: u32,
}

/// Writes the line of the scratch's values into the scratch's line.
pub(crate) fn compose(plan: &Plan, head: &Head<'_>, scratch: &mut Scratch) {
    let mut out = std::mem::take(&mut scratch.line);
    out.clear();
    let standard = plan.rules.iter().zip(&scratch.values);
    let standard = standard.filter(|(rule, _)| matches!(rule, Rule::Text(_) | Rule::Id));
    let taken = plan.fixed + standard.map(|(_, value)| value.len()).sum::<usize>();
    let room = MAX_LINE.saturating_sub(taken);
    let mut composer = Composer {
        plan,
        head,
        scratch,
        out,
        room,
        truncated: 0,
    };
    composer.line();
    scratch.line = composer.out;
}

struct Composer<'a> {
    plan: &'a Plan,
    head: &'a Head<'a>,
    scratch: &'a Scratch,
    out: Vec<u8>,
    /// What is left for values of the application.
    room: usize,
    truncated: u32,
}

impl Composer<'_> {
    fn line(&mut self) {
        let plan = self.plan;
        self.out.push(b'{');
        self.items(&plan.items);
        self.count(br#""truncated":"#, self.truncated);
        self.count(br#""redacted":"#, self.head.redacted);
        self.out.extend_from_slice(b"}\n");
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        let head = self.head;
        match &item.what {
            What::Timestamp(precision) => {
                self.key(&item.key);
                self.out.push(b'"');
                timestamp::write(&mut self.out, head.time, *precision);
                self.out.push(b'"');
            }
            What::Level(case) => {
                self.key(&item.key);
                self.out.extend_from_slice(level(head.level, *case));
            }
            What::Service => {
                self.key(&item.key);
                self.out.extend_from_slice(&self.plan.service);
            }
            What::Target => {
                self.origin(item, self.plan.origin.target, Some(head.target), MAX_TARGET);
            }
            What::File => self.origin(item, self.plan.origin.file, head.file, MAX_FILE),
            What::Line => self.source_line(item),
            What::TraceId => self.hex(item, head.trace.as_ref().map(|ids| ids.trace.as_slice())),
            What::SpanId => self.hex(item, head.trace.as_ref().map(|ids| ids.span.as_slice())),
            What::Standard(slot) => {
                if !self.value(item, *slot) {
                    self.nothing(item);
                }
            }
            What::Application(slot) => self.application(item, *slot),
            What::Context(inner) => {
                let is_set = |item: &Item| match item.what {
                    What::Application(slot) => self.scratch.values[slot].is_set(),
                    _ => false,
                };
                if item.required || inner.iter().any(is_set) {
                    self.key(&item.key);
                    self.out.push(b'{');
                    self.items(inner);
                    self.out.push(b'}');
                }
            }
        }
    }

    /// Begins a field: a comma unless it is the first of its object, and the key.
    fn key(&mut self, key: &[u8]) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.extend_from_slice(key);
    }

    fn nothing(&mut self, item: &Item) {
        if item.required {
            self.key(&item.key);
            self.out.extend_from_slice(b"null");
        }
    }

    /// Writes the value of a slot, if it has one.
    fn value(&mut self, item: &Item, slot: usize) -> bool {
        let value = self.scratch.values[slot];
        if value.is_set() {
            self.key(&item.key);
            self.out.extend_from_slice(self.scratch.bytes(value));
            self.truncated += u32::from(value.cut);
        }
        value.is_set()
    }

    fn application(&mut self, item: &Item, slot: usize) {
        let value = self.scratch.values[slot];
        // The key of a required field is there in any case, and has its place.
        let key = if item.required { 0 } else { item.key.len() + 1 };
        match self.room.checked_sub(value.len() + key) {
            Some(room) if value.is_set() => {
                self.room = room;
                self.value(item, slot);
            }
            Some(_) => self.nothing(item),
            None => {
                self.truncated += u32::from(value.is_set());
                self.nothing(item);
            }
        }
    }

    /// Where the event comes from: a record of the `log` crate says so itself.
    fn origin(&mut self, item: &Item, slot: usize, text: Option<&str>, cap: usize) {
        if self.value(item, slot) {
            return;
        }
        let Some(text) = text else {
            return self.nothing(item);
        };
        self.key(&item.key);
        let whole = quote(&mut self.out, text, Limit::of(cap));
        self.truncated += u32::from(!whole);
    }

    fn source_line(&mut self, item: &Item) {
        if self.value(item, self.plan.origin.line) {
            return;
        }
        let Some(line) = self.head.line else {
            return self.nothing(item);
        };
        self.key(&item.key);
        self.out
            .extend_from_slice(itoa::Buffer::new().format(line).as_bytes());
    }

    fn hex(&mut self, item: &Item, bytes: Option<&[u8]>) {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let Some(bytes) = bytes else {
            return self.nothing(item);
        };
        self.key(&item.key);
        self.out.push(b'"');
        for byte in bytes {
            let digits = [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ];
            self.out.extend_from_slice(&digits);
        }
        self.out.push(b'"');
    }

    fn count(&mut self, key: &[u8], count: u32) {
        if 0 < count {
            self.key(key);
            self.out
                .extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
        }
    }
}

const fn level(level: Level, case: LevelCase) -> &'static [u8] {
    match (level, case) {
        (Level::ERROR, LevelCase::Upper) => br#""ERROR""#,
        (Level::WARN, LevelCase::Upper) => br#""WARN""#,
        (Level::INFO, LevelCase::Upper) => br#""INFO""#,
        (Level::DEBUG, LevelCase::Upper) => br#""DEBUG""#,
        (Level::TRACE, LevelCase::Upper) => br#""TRACE""#,
        (Level::ERROR, LevelCase::Lower) => br#""error""#,
        (Level::WARN, LevelCase::Lower) => br#""warn""#,
        (Level::INFO, LevelCase::Lower) => br#""info""#,
        (Level::DEBUG, LevelCase::Lower) => br#""debug""#,
        (Level::TRACE, LevelCase::Lower) => br#""trace""#,
    }
}
