//! The memory in which a line is made: kept by the thread, so that a line needs no new one.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use opentelemetry::Context;

thread_local! {
    // Values of a thread are dropped in the reverse order of their making. With the context made
    // first, it is there as long as this place is.
    static PLACE: Cell<Option<Box<Scratch>>> = {
        let _ = catch_unwind(AssertUnwindSafe(|| Context::map_current(|_| ())));
        Cell::new(None)
    };
}

/// Where the JSON of a value lies in the arena; an empty range is no value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Value {
    start: usize,
    end: usize,
    /// Whether a part of it did not fit.
    pub(super) cut: bool,
}

impl Value {
    pub(super) const fn len(self) -> usize {
        self.end - self.start
    }

    pub(super) const fn is_set(self) -> bool {
        0 < self.len()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(super) arena: Vec<u8>,
    pub(super) values: Vec<Value>,
    /// What a value formats itself into, before it is scrubbed and escaped.
    pub(super) raw: String,
    pub(super) line: Vec<u8>,
    /// Whether the thread still has its places.
    pub(super) thread_lives: bool,
}

impl Scratch {
    /// Lends the thread's memory. An event inside the formatting of another finds it lent, and gets
    /// new memory; so does one on a thread that is being torn down.
    pub(crate) fn with<R>(work: impl FnOnce(&mut Self) -> R) -> R {
        let place = PLACE.try_with(Cell::take);
        let thread_lives = place.is_ok();
        let mut scratch = place.ok().flatten().unwrap_or_default();
        scratch.thread_lives = thread_lives;
        let done = work(&mut scratch);
        let _ = PLACE.try_with(|place| place.set(Some(scratch)));
        done
    }

    /// Forgets all values, and makes place for as many.
    pub(crate) fn begin(&mut self, values: usize) {
        self.arena.clear();
        self.values.clear();
        self.values.resize(values, Value::default());
    }

    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    pub(super) fn bytes(&self, value: Value) -> &[u8] {
        &self.arena[value.start..value.end]
    }

    /// Sets a value; `write` appends its JSON and says whether all of it fitted.
    pub(super) fn set(&mut self, slot: usize, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let start = self.arena.len();
        let whole = write(&mut self.arena);
        self.values[slot] = Value {
            start,
            end: self.arena.len(),
            cut: !whole,
        };
    }

    /// The same, unless the slot has a value from nearer by.
    pub(super) fn set_if_empty(&mut self, slot: usize, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        if !self.values[slot].is_set() {
            self.set(slot, write);
        }
    }
}
