//! The report of who uses most: for what must never be a label.
//!
//! Which user, which agent, which organisation uses most is a question that operators have; as a
//! metric label its answer is a series for each of them. A [`TopReport`] answers it in bounded memory,
//! whatever arrives. It is for the internal listener and for people: nothing exports it as metrics.

mod shard;

use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use self::shard::Shard;
use crate::json::{Array, Quoted};

/// Threads that add to different shards do not wait for each other.
const SHARDS: usize = 8;

/// The longest key, in bytes.
const MAX_KEY: usize = 128;

/// Who has most of one measure, in bounded memory.
///
/// The algorithm is Space-Saving (Metwally, Agrawal, El Abbadi, 2005), with weights, in shards that
/// each have `capacity` counters for the keys that belong to them. A key without a counter takes over
/// the smallest of its shard, and what that had counted becomes the key's possible error. With *m* for
/// the capacity and *N* for the [`total`](Self::total) of all weights:
///
/// * a count is never too low, and too high by at most *N / m*; [`Top::at_least`] is what is certain;
/// * a key with more than *N / m* is there;
/// * everything is exact while there have been no more than *m* different keys;
/// * a key that is not there has at most [`missing_at_most`](Self::missing_at_most).
///
/// Adding costs one short lock, and allocates only for a key that is not there. A report takes at most
/// 8 × *m* counters of about 150 bytes and keys of up to 128 bytes; longer keys are cut, and those
/// that are the same then count as one.
///
/// ```
/// use throughline_catalog::top::TopReport;
///
/// static REQUESTS: TopReport = TopReport::new("requests_by_user", 100);
/// static BYTES: TopReport = TopReport::new("bytes_by_user", 100);
///
/// for (user, bytes) in [("ada", 700), ("bob", 20), ("ada", 300)] {
///     REQUESTS.add(user, 1);
///     BYTES.add(user, bytes);
/// }
///
/// let first = &BYTES.top(1)[0];
/// assert_eq!((first.key(), first.count(), first.at_least()), ("ada", 1_000, 1_000));
/// assert_eq!(
///     REQUESTS.to_json(1),
///     r#"{"measure": "requests_by_user", "total": 3, "capacity": 100, "missing_at_most": 0, "top": [{"key": "ada", "count": 2, "at_least": 2}]}"#,
/// );
/// ```
pub struct TopReport {
    measure: &'static str,
    capacity: usize,
    shards: OnceLock<Shards>,
}

struct Shards {
    // Keyed, so that no client can choose keys that meet in one place.
    hasher: foldhash::fast::RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

/// One line of a [`TopReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    key: Arc<str>,
    count: u64,
    error: u64,
}

impl Top {
    /// Who it is.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How much it is at most.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// How much of the count is certain.
    #[must_use]
    pub const fn at_least(&self) -> u64 {
        self.count - self.error
    }
}

impl TopReport {
    /// A report of `measure` that is exact for `capacity` keys. Takes memory at its first use.
    ///
    /// # Panics
    /// If `capacity` is zero or above 65,536; for a `static`, that stops the build.
    #[must_use]
    pub const fn new(measure: &'static str, capacity: usize) -> Self {
        assert!(0 < capacity, "a top report needs room for at least one key");
        assert!(
            capacity <= 1 << 16,
            "a top report of more than 65,536 keys is a table; nobody reads it"
        );
        Self {
            measure,
            capacity,
            shards: OnceLock::new(),
        }
    }

    /// What is measured.
    #[must_use]
    pub const fn measure(&self) -> &'static str {
        self.measure
    }

    /// How many keys it is exact for.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Adds `weight` to what `key` has.
    pub fn add(&self, key: &str, weight: u64) {
        if weight == 0 {
            return;
        }
        let key = cut(key);
        let shards = self.shards.get_or_init(|| Shards {
            hasher: foldhash::fast::RandomState::default(),
            shards: std::array::from_fn(|_| Mutex::new(Shard::new())),
        });
        // Bits from the middle: a hash table uses those at both ends.
        let at = (shards.hasher.hash_one(key) >> 32) as usize % SHARDS;
        lock(&shards.shards[at]).add(key, weight, self.capacity);
    }

    /// The `k` keys with the highest counts, the highest first.
    #[must_use]
    pub fn top(&self, k: usize) -> Vec<Top> {
        let mut all = Vec::new();
        self.each(|shard| all.extend(shard.all()));
        let order = |a: &Top, b: &Top| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key));
        if k == 0 {
            return Vec::new();
        }
        if k < all.len() {
            all.select_nth_unstable_by(k - 1, order);
            all.truncate(k);
        }
        all.sort_unstable_by(order);
        all
    }

    /// The sum of all weights since the beginning or the last [`clear`](Self::clear).
    #[must_use]
    pub fn total(&self) -> u64 {
        let mut total = 0u64;
        self.each(|shard| total = total.saturating_add(shard.total()));
        total
    }

    /// What a key that the whole report does not have can have at most; 0 while all are there.
    #[must_use]
    pub fn missing_at_most(&self) -> u64 {
        let mut most = 0;
        self.each(|shard| most = most.max(shard.least(self.capacity)));
        most
    }

    /// Forgets everything: a new period begins.
    pub fn clear(&self) {
        self.each(Shard::clear);
    }

    /// The `k` highest as a JSON object on one line.
    #[must_use]
    pub fn to_json(&self, k: usize) -> String {
        let top = self.top(k);
        format!(
            "{{\"measure\": {}, \"total\": {}, \"capacity\": {}, \"missing_at_most\": {}, \"top\": {}}}",
            Quoted(self.measure),
            self.total(),
            self.capacity,
            self.missing_at_most(),
            Array(top.iter().map(Json)),
        )
    }

    fn each(&self, mut f: impl FnMut(&mut Shard)) {
        for shard in self.shards.get().iter().flat_map(|shards| &shards.shards) {
            f(&mut lock(shard));
        }
    }
}

/// Several reports as one JSON array on one line, each with its `k` highest.
///
/// ```
/// use throughline_catalog::top::{self, TopReport};
///
/// let (requests, bytes) = (TopReport::new("requests", 10), TopReport::new("bytes", 10));
/// requests.add("ada", 1);
/// let page = top::to_json([&requests, &bytes], 5);
/// assert!(page.starts_with(r#"[{"measure": "requests", "total": 1"#), "{page}");
/// assert!(page.ends_with(r#""missing_at_most": 0, "top": []}]"#), "{page}");
/// ```
#[must_use]
pub fn to_json<'a>(reports: impl IntoIterator<Item = &'a TopReport>, k: usize) -> String {
    let reports: Vec<String> = reports
        .into_iter()
        .map(|report| report.to_json(k))
        .collect();
    Array(&reports).to_string()
}

struct Json<'a>(&'a Top);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{{\"key\": {}, \"count\": {}, \"at_least\": {}}}",
            Quoted(self.0.key()),
            self.0.count(),
            self.0.at_least(),
        )
    }
}

impl fmt::Debug for TopReport {
    // Without the keys: they are users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopReport")
            .field("measure", &self.measure)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// A shard is whole whenever its lock is free: nothing under it can panic but the allocator.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cut(key: &str) -> &str {
    let mut end = key.len().min(MAX_KEY);
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    &key[..end]
}
