//! A fault behind a fault has been told already.

use std::sync::Arc;

use throughline_fault::Fault;

use crate::support::{Link, counted, told};

fn inner() -> Fault {
    Fault::error(
        "store_down",
        Link::chain(["the store is down", "refused"].into_iter()),
    )
}

#[test]
fn a_fault_made_of_a_fault_is_not_told_again() {
    let (outer, lines, counts) = told(|| Fault::error("request_failed", inner()));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].fields["error_kind"], "store_down");
    assert_eq!(counts, [counted("error")]);
    // The callers further up see the outer kind, and the same cause.
    assert_eq!(outer.kind(), "request_failed");
    assert_eq!(outer.root_cause(), "refused");
}

#[test]
fn a_fault_anywhere_behind_an_error_is_not_told_again() {
    let (ids, lines, counts) = told(|| {
        let first = Link::over("outermost", Link::over("outer", inner()));
        let second = Fault::warning("bad_request", first);
        let id = second.id();
        let shared = Link::over("outer", Arc::new(second));
        let third = Fault::error("request_failed", shared);
        let last = Fault::error("request_failed", Box::new(third));
        (id, last.id())
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(counts, [counted("error")]);
    assert_eq!(ids.0, ids.1, "told under one id");
}

#[test]
fn an_error_without_a_fault_behind_it_is_told() {
    let (_, lines, _) = told(|| Fault::error("a", Link::chain(["b", "c"].into_iter())));
    assert_eq!(lines.len(), 1);
}
