//! The values of a capped label, found while the process runs.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use metrics::Recorder;

use crate::era::Era;
use crate::families::{self, LabelName};
use crate::label::OVERFLOW;
use crate::{Family, Gauge, Labels};

/// The longest text that gets a value of its own, in bytes.
const MAX_LEN: usize = 128;

/// Gives at most `cap` texts a number each, for as long as the process lives.
///
/// A number is never taken back: counts would move from one meaning to another. A text that finds
/// no room is not kept, so memory is bounded by `cap` times 128 bytes.
#[derive(Debug)]
pub struct Interner {
    name: &'static str,
    cap: usize,
    // Whether overflow is counted in our own family; that family's own label must not be.
    counted: bool,
    table: OnceLock<Table>,
    // How many texts have a number. Inserts hold the lock; readers never do.
    len: Mutex<u32>,
    full: AtomicBool,
    overflowed: AtomicU64,
    own_name: OnceLock<LabelName>,
}

#[derive(Debug)]
struct Table {
    hasher: foldhash::fast::RandomState,
    // Open addressing, never more than half full. A bucket holds a value's number, 0 when empty,
    // below half of the text's hash, so that few texts are compared in vain.
    buckets: Box<[AtomicU64]>,
    // The text of value `n` is at `n - 1`, and is there before any bucket says `n`.
    texts: Box<[OnceLock<Box<str>>]>,
}

enum Found {
    Value(u32),
    // Where it would go.
    Empty(usize),
}

impl Table {
    fn new(cap: usize) -> Self {
        Self {
            hasher: foldhash::fast::RandomState::default(),
            buckets: (0..(cap * 2).next_power_of_two())
                .map(|_| AtomicU64::new(0))
                .collect(),
            texts: (0..cap).map(|_| OnceLock::new()).collect(),
        }
    }

    fn find(&self, hash: u64, text: &str) -> Found {
        let mask = self.buckets.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let bucket = self.buckets[at].load(Ordering::Acquire);
            let value = bucket as u32;
            if value == 0 {
                return Found::Empty(at);
            }
            if bucket >> 32 == hash >> 32 && self.text(value) == Some(text) {
                return Found::Value(value);
            }
            at = (at + 1) & mask;
        }
    }

    fn text(&self, value: u32) -> Option<&str> {
        let place = (value as usize).checked_sub(1)?;
        self.texts.get(place)?.get().map(|text| &**text)
    }
}

impl Interner {
    /// An interner for `cap` texts of the label type `name`.
    #[must_use]
    pub const fn new(name: &'static str, cap: usize) -> Self {
        Self {
            name,
            cap,
            counted: true,
            table: OnceLock::new(),
            len: Mutex::new(0),
            full: AtomicBool::new(false),
            overflowed: AtomicU64::new(0),
            own_name: OnceLock::new(),
        }
    }

    /// The same, but its overflow appears in no family.
    pub(crate) const fn quiet(name: &'static str, cap: usize) -> Self {
        let mut interner = Self::new(name, cap);
        interner.counted = false;
        interner
    }

    /// The number of `text`, if it has one.
    pub fn get(&self, text: &str) -> Option<u32> {
        // Nothing that long is kept, so it need not be hashed either.
        if MAX_LEN < text.len() {
            return None;
        }
        let table = self.table();
        match table.find(table.hasher.hash_one(text), text) {
            Found::Value(value) => Some(value),
            Found::Empty(_) => None,
        }
    }

    /// The number of `text`, a new one if there is room, or else 0, which is counted.
    pub fn value(&self, text: &str) -> u32 {
        // Asked before the search: what is not found in a full table is in no other place.
        let full = self.full.load(Ordering::Acquire);
        let found = self
            .get(text)
            .or_else(|| if full { None } else { self.insert(text) });
        found.unwrap_or_else(|| {
            self.count();
            0
        })
    }

    /// Gives `text` a number if it can have one. Counts nothing.
    #[cold]
    pub fn insert(&self, text: &str) -> Option<u32> {
        if !fit(text) {
            return None;
        }
        let table = self.table();
        let hash = table.hasher.hash_one(text);
        // No code of anyone else's runs under the lock, and each step leaves it whole.
        let mut len = self.len.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match table.find(hash, text) {
            Found::Value(value) => return Some(value),
            Found::Empty(place) => place,
        };
        let value = *len + 1;
        table.texts.get(*len as usize)?.get_or_init(|| text.into());
        table.buckets[place].store(hash >> 32 << 32 | u64::from(value), Ordering::Release);
        *len = value;
        if value as usize == self.cap {
            self.full.store(true, Ordering::Release);
        }
        drop(len);
        // A given recorder, or a later one, is told when a series with the label is registered.
        if self.counted && Era::current() == Era::GLOBAL {
            metrics::with_recorder(|recorder| self.show(recorder, value == 1));
        }
        Some(value)
    }

    /// Makes `recorder` show how full the label is.
    pub(crate) fn show(&self, recorder: &dyn Recorder, first: bool) {
        use families::throughline::{throughline_label_limit, throughline_label_values};
        if !self.counted {
            return;
        }
        let (values, limit) = (
            throughline_label_values::DESC,
            throughline_label_limit::DESC,
        );
        if first {
            values.describe_to(recorder);
            limit.describe_to(recorder);
        }
        let index = (self.label(),).index();
        limit
            .handle_from::<Gauge>(recorder, index)
            .set(self.cap as f64);
        let gauge: Gauge = values.handle_from(recorder, index);
        // Again if another thread has made a value meanwhile, whose number came before this one's.
        loop {
            let known = self.known();
            gauge.set(known as f64);
            if known == self.known() {
                break;
            }
        }
    }

    /// The label's own name.
    fn label(&self) -> LabelName {
        *self
            .own_name
            .get_or_init(|| LabelName::of(&snake_case(self.name)))
    }

    /// The text of the value with this number.
    pub fn text(&self, value: u32) -> &str {
        self.table
            .get()
            .and_then(|table| table.text(value))
            .unwrap_or(OVERFLOW)
    }

    /// How often [`value`](Self::value) answered 0.
    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// How many texts have a number.
    pub fn known(&self) -> usize {
        *self.len.lock().unwrap_or_else(PoisonError::into_inner) as usize
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| Table::new(self.cap))
    }

    fn count(&self) {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        if self.counted {
            families::throughline::throughline_label_overflow_total
                .with((self.label(),))
                .increment(1);
        }
    }
}

/// Whether `text` may be a label's value. [`OVERFLOW`] itself would be two series of one name.
fn fit(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LEN
        && text != OVERFLOW
        && !text.chars().any(char::is_control)
}

/// `JobType` is the label `job_type`.
fn snake_case(name: &str) -> Cow<'_, str> {
    if !name.contains(char::is_uppercase) {
        return Cow::Borrowed(name);
    }
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    Cow::Owned(snake)
}
