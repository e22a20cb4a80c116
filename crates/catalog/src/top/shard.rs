//! Space-Saving: so many counters, of which the smallest goes to whoever has none.

use std::collections::HashMap;
use std::sync::Arc;

use super::Top;

#[derive(Debug)]
pub(super) struct Shard {
    counters: Vec<Counter>,
    // Numbers of counters, as a heap with the smallest count first.
    heap: Vec<u32>,
    places: HashMap<Arc<str>, u32, foldhash::fast::RandomState>,
    total: u64,
}

#[derive(Debug)]
struct Counter {
    key: Arc<str>,
    count: u64,
    // What the counter had for others.
    error: u64,
    // Where its number is in the heap.
    at: usize,
}

impl Shard {
    pub(super) fn new() -> Self {
        Self {
            counters: Vec::new(),
            heap: Vec::new(),
            places: HashMap::default(),
            total: 0,
        }
    }

    pub(super) fn add(&mut self, key: &str, weight: u64, capacity: usize) {
        self.total = self.total.saturating_add(weight);
        if let Some(place) = self.places.get(key) {
            let counter = &mut self.counters[*place as usize];
            counter.count = counter.count.saturating_add(weight);
            let at = counter.at;
            self.sink(at);
        } else if self.counters.len() < capacity {
            self.insert(key, weight);
        } else {
            self.replace(key, weight);
        }
    }

    fn insert(&mut self, key: &str, weight: u64) {
        let place = self.counters.len() as u32;
        let key: Arc<str> = key.into();
        let at = self.heap.len();
        self.counters.push(Counter {
            key: Arc::clone(&key),
            count: weight,
            error: 0,
            at,
        });
        self.heap.push(place);
        self.places.insert(key, place);
        self.rise(at);
    }

    fn replace(&mut self, key: &str, weight: u64) {
        let place = self.heap[0];
        let key: Arc<str> = key.into();
        let smallest = &mut self.counters[place as usize];
        self.places.remove(&smallest.key);
        smallest.key = Arc::clone(&key);
        smallest.error = smallest.count;
        smallest.count = smallest.count.saturating_add(weight);
        self.places.insert(key, place);
        self.sink(0);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Top> + '_ {
        self.counters.iter().map(|counter| Top {
            key: Arc::clone(&counter.key),
            count: counter.count,
            error: counter.error,
        })
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The smallest count, if a key may have gone without a counter.
    pub(super) fn least(&self, capacity: usize) -> u64 {
        if self.counters.len() < capacity {
            return 0;
        }
        let smallest = &self.counters[self.heap[0] as usize];
        // A full shard that has replaced nothing is still exact.
        let exact = self.counters.iter().all(|counter| counter.error == 0);
        if exact { 0 } else { smallest.count }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    fn count(&self, at: usize) -> u64 {
        self.counters[self.heap[at] as usize].count
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        for at in [a, b] {
            self.counters[self.heap[at] as usize].at = at;
        }
    }

    fn rise(&mut self, mut at: usize) {
        while 0 < at {
            let parent = (at - 1) / 2;
            if self.count(parent) <= self.count(at) {
                break;
            }
            self.swap(parent, at);
            at = parent;
        }
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let mut least = at;
            for child in [left, right] {
                if child < self.heap.len() && self.count(child) < self.count(least) {
                    least = child;
                }
            }
            if least == at {
                break;
            }
            self.swap(at, least);
            at = least;
        }
    }
}
