//! An observer that writes down all it is told, and whether the inner parts ran within it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Buf;
use http::HeaderMap;
use http::header::HeaderValue;
use http::response::Parts;
use throughline_completion::{Completion, Next, Observer, Point};

use crate::script::ScriptError;

/// A [`Completion`] that outlives the call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum How {
    Head,
    End,
    Trailers(HeaderMap),
    Failed(Point, ScriptError),
    Dropped(Point),
    Panicked(Point),
}

impl From<Completion<'_>> for How {
    fn from(how: Completion<'_>) -> Self {
        match how {
            Completion::Head => Self::Head,
            Completion::End => Self::End,
            Completion::Trailers(trailers) => Self::Trailers(trailers.clone()),
            Completion::Failed(failure) => Self::Failed(
                failure.point(),
                *failure
                    .downcast_ref()
                    .expect("the inner error is of the script's type"),
            ),
            Completion::Dropped(point) => Self::Dropped(point),
            Completion::Panicked(point) => Self::Panicked(point),
            other => panic!("unknown: {other:?}"),
        }
    }
}

/// All that one observer was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) how: How,
    pub(crate) heads: usize,
    pub(crate) bytes: usize,
}

/// What is left of an observer when it is gone.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    told: Mutex<Vec<Told>>,
    active: AtomicBool,
    observers: AtomicUsize,
    violations: Mutex<Vec<&'static str>>,
}

impl Notes {
    /// The inner parts say when they run: within the observer, until it has been told.
    ///
    /// Written down and not asserted, because a panic in a drop aborts.
    pub(crate) fn inner_runs(&self, what: &'static str) {
        let observed = self.told.lock().unwrap().is_empty();
        if self.active.load(SeqCst) != observed {
            self.violate(what);
        }
    }

    /// The observer is told only within what it entered.
    fn is_told_something(&self, what: &'static str) {
        if !self.active.load(SeqCst) {
            self.violate(what);
        }
    }

    fn violate(&self, what: &'static str) {
        self.violations.lock().unwrap().push(what);
    }

    /// What the observer was told, which has to be one thing.
    #[track_caller]
    pub(crate) fn told(&self) -> Told {
        assert_eq!(
            *self.violations.lock().unwrap(),
            [""; 0],
            "ran outside or too late"
        );
        assert_eq!(self.observers.load(SeqCst), 0, "an observer is left over");
        let told = self.told.lock().unwrap();
        assert_eq!(told.len(), 1, "told exactly once: {told:?}");
        told[0].clone()
    }

    #[track_caller]
    pub(crate) fn how(&self) -> How {
        self.told().how
    }

    pub(crate) fn is_told(&self) -> bool {
        !self.told.lock().unwrap().is_empty()
    }
}

pub(crate) struct Witness {
    notes: Arc<Notes>,
    next: Next,
    heads: usize,
    bytes: usize,
}

impl Witness {
    pub(crate) fn new(notes: &Arc<Notes>, next: Next) -> Self {
        notes.observers.fetch_add(1, SeqCst);
        Self {
            notes: notes.clone(),
            next,
            heads: 0,
            bytes: 0,
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.notes.observers.fetch_sub(1, SeqCst);
    }
}

pub(crate) struct Leave(Arc<Notes>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.active.store(false, SeqCst);
    }
}

impl Observer for Witness {
    type Entered = Leave;

    fn enter(&self) -> Leave {
        if self.notes.active.swap(true, SeqCst) {
            self.notes.violate("entered twice");
        }
        Leave(Arc::clone(&self.notes))
    }

    fn on_head(&mut self, head: &mut Parts) -> Next {
        self.notes.is_told_something("head");
        self.heads += 1;
        head.headers
            .insert("x-witness", HeaderValue::from_static("was here"));
        self.next
    }

    fn on_data(&mut self, data: &impl Buf) {
        self.notes.is_told_something("data");
        self.bytes += data.remaining();
    }

    fn on_completion(self, how: Completion<'_>) {
        self.notes.is_told_something("completion");
        let told = Told {
            how: how.into(),
            heads: self.heads,
            bytes: self.bytes,
        };
        self.notes.told.lock().unwrap().push(told);
    }
}
