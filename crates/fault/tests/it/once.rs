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
    assert_eq!(outer.root_cause(), Some("refused"));
}

#[test]
fn a_fault_anywhere_behind_an_error_is_not_told_again() {
    let (_, lines, counts) = told(|| {
        let wrapped = Link::over("outermost", Link::over("outer", inner()));
        drop(Fault::warning("bad_request", wrapped));
        let shared = Link::over("outer", Arc::new(Fault::told_elsewhere("kind", "told")));
        drop(Fault::error("request_failed", shared));
        drop(Fault::error(
            "request_failed",
            Box::new(Fault::told_elsewhere("kind", "told")),
        ));
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(counts, [counted("error")]);
}

#[test]
fn a_fault_that_was_told_elsewhere_is_the_root_cause() {
    let (outer, ..) = told(|| {
        Fault::error(
            "request_failed",
            Fault::told_elsewhere("store_down", "down there"),
        )
    });
    assert_eq!(outer.root_cause(), Some("down there"));
    assert_eq!(outer.to_string(), "down there");
}

#[test]
fn an_error_without_a_fault_behind_it_is_told() {
    let (_, lines, _) = told(|| Fault::error("a", Link::chain(["b", "c"].into_iter())));
    assert_eq!(lines.len(), 1);
}
