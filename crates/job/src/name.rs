//! Span names, each built once in a process.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use throughline_catalog::Label;

use crate::labels::{OperationName, Queue};

impl OperationName {
    /// `{operation} {queue}`. Both are bounded, and so are their combinations.
    pub(crate) fn of(self, queue: Queue) -> &'static str {
        static NAMES: [[OnceLock<Box<str>>; Queue::CARDINALITY]; OperationName::CARDINALITY] =
            [const { [const { OnceLock::new() }; Queue::CARDINALITY] }; OperationName::CARDINALITY];
        let (operation, text) = (self.as_str(), queue.as_str());
        NAMES[self as usize][queue.index()].get_or_init(|| format!("{operation} {text}").into())
    }
}

/// `{before} {after}`, where both are texts of labels, which are few and stay for ever: so may what is
/// made of them.
pub(crate) fn joined(before: &'static str, after: &'static str) -> &'static str {
    type Names = HashMap<(usize, usize), &'static str>;
    thread_local! {
        static KNOWN: RefCell<Names> = RefCell::default();
    }
    let key = (before.as_ptr() as usize, after.as_ptr() as usize);
    let known = KNOWN.try_with(|known| known.borrow().get(&key).copied());
    if let Ok(Some(name)) = known
        && is_joined(name, before, after)
    {
        return name;
    }
    let name = kept(before, after);
    let _ = KNOWN.try_with(|known| known.borrow_mut().insert(key, name));
    name
}

/// Two texts may begin at one address: a compiler may lay one over the other.
fn is_joined(name: &str, before: &str, after: &str) -> bool {
    name.len() == before.len() + 1 + after.len()
}

/// The one copy in the process.
fn kept(before: &'static str, after: &'static str) -> &'static str {
    static NAMES: Mutex<Option<HashMap<(&str, &str), &'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names
        .get_or_insert_default()
        .entry((before, after))
        .or_insert_with(|| format!("{before} {after}").leak())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_once_whoever_asks() {
        let here = joined("stage", "compile").as_ptr() as usize;
        let there = std::thread::spawn(|| joined("stage", "compile").as_ptr() as usize);
        assert_eq!(there.join().expect("the thread ends"), here);
        assert_eq!(joined("stage", "compile"), "stage compile");
    }

    #[test]
    fn texts_that_begin_at_one_address_are_told_apart() {
        const TEXT: &str = "getting";
        assert_eq!(joined(&TEXT[..3], "users"), "get users");
        assert_eq!(joined(TEXT, "users"), "getting users");
        assert_eq!(joined(&TEXT[..3], "users"), "get users");
    }
}
