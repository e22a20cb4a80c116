//! A schema as the hot path wants it: keys rendered, names resolved to numbered slots.

use std::{borrow::Cow, collections::HashMap, mem};

use foldhash::fast::RandomState;
use throughline_correlation::Key;

use super::field::{Field, LevelCase, Precision, Source};
use crate::line::{self, Limit};

/// How a slot takes its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A text of the event alone, at most so many bytes.
    Text(usize),
    /// A text that must be an id; spans pass it down.
    Id,
    /// Any value of the application; spans pass it down.
    Value,
    /// Where a record of the `log` crate came from, at most so many bytes.
    Origin(usize),
}

impl Rule {
    /// Whether a line takes the value from the spans around the event as well.
    pub(crate) const fn inherits(self) -> bool {
        matches!(self, Self::Id | Self::Value)
    }

    /// The most bytes of a value, its quotes apart.
    pub(crate) const fn cap(self) -> usize {
        match self {
            Self::Text(cap) | Self::Origin(cap) => cap,
            Self::Id => throughline_correlation::MAX_LEN,
            Self::Value => 1_024,
        }
    }
}

/// What stands at one place of a line.
#[derive(Debug)]
pub(crate) enum What {
    Timestamp(Precision),
    Level(LevelCase),
    Target,
    Service,
    TraceId,
    SpanId,
    File,
    Line,
    /// A value of the standard, which always has room.
    Standard(usize),
    /// A value of the application, which has room as long as the line has.
    Application(usize),
    /// The allowed values of the application as an object.
    Context(Vec<Item>),
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) name: Box<str>,
    /// `"key":`
    pub(crate) key: Box<[u8]>,
    pub(crate) what: What,
    pub(crate) required: bool,
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) items: Vec<Item>,
    pub(crate) rules: Vec<Rule>,
    /// The names of fields that are written at all, each with its slot.
    pub(crate) names: HashMap<Box<str>, usize, RandomState>,
    pub(crate) ids: Vec<(Key, usize)>,
    pub(crate) stage: usize,
    pub(crate) error: usize,
    pub(crate) root_cause: usize,
    pub(crate) message: Option<usize>,
    pub(crate) origin: Origin,
    /// The service as JSON.
    pub(crate) service: Box<[u8]>,
    /// What keys and values of fixed size take of a line, at most.
    pub(crate) fixed: usize,
}

/// The slots of where a record of the `log` crate came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) target: usize,
    pub(crate) file: usize,
    pub(crate) line: usize,
}

#[derive(Default)]
struct Slots {
    names: HashMap<Box<str>, usize, RandomState>,
    rules: Vec<Rule>,
}

impl Slots {
    fn add(&mut self, name: &str, rule: Rule) -> usize {
        let slot = self.rules.len();
        self.rules.push(rule);
        self.names.insert(name.into(), slot);
        slot
    }
}

impl Plan {
    /// Draws the plan of fields that have been checked.
    pub(super) fn draw(fields: Vec<Field>, allowed: Vec<Cow<'static, str>>, service: &str) -> Self {
        let mut slots = Slots::default();
        let mut rest: Vec<Item> = allowed
            .into_iter()
            .map(|name| {
                let what = What::Application(slots.add(&name, Rule::Value));
                Item::new(&name, what, false)
            })
            .collect();
        let mut items = Vec::with_capacity(fields.len() + rest.len());
        let mut ids = Vec::with_capacity(Key::ALL.len());
        for Field {
            key,
            source,
            required,
        } in fields
        {
            let what = match source {
                Source::Timestamp(precision) => What::Timestamp(precision),
                Source::Level(case) => What::Level(case),
                Source::Target => What::Target,
                Source::Service => What::Service,
                Source::TraceId => What::TraceId,
                Source::SpanId => What::SpanId,
                Source::File => What::File,
                Source::Line => What::Line,
                Source::Message => What::Standard(slots.add("message", Rule::Text(4_096))),
                Source::Error => What::Standard(slots.add("error", Rule::Text(2_048))),
                Source::ErrorKind => What::Standard(slots.add("error_kind", Rule::Text(64))),
                Source::RootCause => What::Standard(slots.add("root_cause", Rule::Text(1_024))),
                Source::Stage => What::Standard(slots.add("stage", Rule::Id)),
                Source::Id(key) => {
                    let slot = slots.add(key.field(), Rule::Id);
                    ids.push((key, slot));
                    What::Standard(slot)
                }
                Source::Named(name) => What::Application(slots.add(&name, Rule::Value)),
                Source::Context => What::Context(mem::take(&mut rest)),
            };
            items.push(Item::new(&key, what, required));
        }
        items.append(&mut rest);
        let origin = Origin {
            target: slots.add("log.target", Rule::Origin(line::MAX_TARGET)),
            file: slots.add("log.file", Rule::Origin(line::MAX_FILE)),
            line: slots.add("log.line", Rule::Origin(MAX_NUMBER)),
        };
        let mut quoted = Vec::new();
        line::quote(&mut quoted, service, Limit::of(service.len() * 6));
        let service = quoted.into_boxed_slice();
        Self {
            fixed: END
                + items
                    .iter()
                    .map(|item| item.fixed(service.len()))
                    .sum::<usize>(),
            stage: slots.names["stage"],
            error: slots.names["error"],
            root_cause: slots.names["root_cause"],
            message: slots.names.get("message").copied(),
            names: slots.names,
            rules: slots.rules,
            items,
            ids,
            origin,
            service,
        }
    }

    pub(crate) fn slot(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// The length of a line with every value of the standard at its limit.
    pub(super) fn longest(&self) -> usize {
        let standard = self.items.iter().filter_map(|item| match item.what {
            What::Standard(slot) => Some(self.rules[slot].cap() + QUOTES),
            _ => None,
        });
        self.fixed + standard.sum::<usize>()
    }

    /// The keys in the order in which they are written.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.items
            .iter()
            .flat_map(|item| {
                let inner = match &item.what {
                    What::Context(inner) => inner.as_slice(),
                    _ => &[],
                };
                std::iter::once(item).chain(inner)
            })
            .map(|item| &*item.name)
    }
}

/// The digits of a number of 64 bits.
const MAX_NUMBER: usize = 20;
/// Two quotes.
const QUOTES: usize = 2;
/// The counts, the brackets and the line's end.
const END: usize = 64;

impl Item {
    fn new(name: &str, what: What, required: bool) -> Self {
        let mut key = Vec::with_capacity(name.len() + 3);
        line::quote(&mut key, name, Limit::of(name.len() * 6));
        key.push(b':');
        Self {
            name: name.into(),
            key: key.into_boxed_slice(),
            what,
            required,
        }
    }

    /// What the item takes of a line even without a value of its own.
    fn fixed(&self, service: usize) -> usize {
        let value = match &self.what {
            What::Timestamp(_) => 27 + QUOTES,
            What::Level(_) => 5 + QUOTES,
            What::Target => line::MAX_TARGET + QUOTES,
            What::File => line::MAX_FILE + QUOTES,
            What::Line => MAX_NUMBER + QUOTES,
            What::TraceId => 32 + QUOTES,
            What::SpanId => 16 + QUOTES,
            What::Service => service,
            // In place of the value.
            What::Standard(_) => 4,
            What::Application(_) if self.required => 4,
            What::Application(_) => return 0,
            What::Context(_) => 2,
        };
        self.key.len() + value + 1
    }
}
