//! A trace over all its services, printed as a tree with real times.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::otlp::{Kind, Span, Status};

/// Prints the spans of one trace. A parent that is in `known` lies with the caller and is no orphan.
///
/// Two columns come first: when a span began after the trace's first one, and how long it took, both
/// in milliseconds.
#[must_use]
pub fn render(spans: &[Span], known: &[&str]) -> String {
    let Some(first) = spans.iter().map(|span| span.start_ns).min() else {
        return "(no spans)\n".to_owned();
    };
    let last = spans.iter().map(|span| span.end_ns).max().unwrap_or(first);
    let traces = spans
        .iter()
        .map(|span| span.trace_id.as_str())
        .collect::<BTreeSet<_>>();
    let services = spans
        .iter()
        .map(|span| span.service.as_str())
        .collect::<BTreeSet<_>>();
    let mut out = format!(
        "trace {}: {} spans, {} services, {:.3} ms\n",
        traces.into_iter().collect::<Vec<_>>().join(", "),
        spans.len(),
        services.len(),
        millis(first, last),
    );

    let ids = spans
        .iter()
        .map(|span| span.span_id.as_str())
        .collect::<BTreeSet<_>>();
    let mut tree = Tree {
        first,
        children: BTreeMap::new(),
        out: &mut out,
    };
    let mut tops = Vec::new();
    for span in spans {
        match span.parent_id.as_deref() {
            Some(parent) if ids.contains(parent) && parent != span.span_id => {
                tree.children.entry(parent).or_default().push(span);
            }
            _ => tops.push(span),
        }
    }
    tops.sort_by_key(|span| span.start_ns);
    for children in tree.children.values_mut() {
        children.sort_by_key(|span| span.start_ns);
    }
    for top in tops {
        let note = match top.parent_id.as_deref() {
            Some(parent) if known.contains(&parent) => "  (its parent is the caller)".to_owned(),
            Some(parent) => format!("  ORPHAN: its parent {parent} did not come"),
            None => String::new(),
        };
        tree.span(top, "", "", &note);
    }
    // Spans that are each other's parents hang from no top.
    let left = tree.children.values().map(Vec::len).sum::<usize>();
    if left > 0 {
        let _ = writeln!(out, "{left} spans are their own ancestors");
    }
    out
}

struct Tree<'a> {
    first: u64,
    children: BTreeMap<&'a str, Vec<&'a Span>>,
    out: &'a mut String,
}

impl<'a> Tree<'a> {
    /// One span and all below it. `stem` is drawn before the lines below, `branch` before its own.
    fn span(&mut self, span: &'a Span, stem: &str, branch: &str, note: &str) {
        let (start, took) = (
            millis(self.first, span.start_ns),
            millis(span.start_ns, span.end_ns),
        );
        // Taken out, so that a loop cannot go round.
        let children = self
            .children
            .remove(span.span_id.as_str())
            .unwrap_or_default();
        let _ = write!(
            self.out,
            "{start:>10.3} {took:>10.3}  {branch}{}: {}",
            span.service, span.name
        );
        if span.kind != Kind::Unspecified {
            let _ = write!(self.out, " [{}]", span.kind);
        }
        match &span.status {
            Status::Unset => {}
            Status::Ok => self.out.push_str(" ok"),
            Status::Error(why) if why.is_empty() => self.out.push_str(" ERROR"),
            Status::Error(why) => {
                let _ = write!(self.out, " ERROR: {why}");
            }
        }
        let _ = writeln!(self.out, "{note}");
        for link in &span.links {
            let stem = if children.is_empty() {
                format!("{stem}   ")
            } else {
                format!("{stem}│  ")
            };
            let _ = writeln!(
                self.out,
                "{:22} {stem}↳ linked to span {} of trace {}",
                "", link.span_id, link.trace_id
            );
        }
        let count = children.len();
        for (at, child) in children.into_iter().enumerate() {
            let (branch, below) = if at + 1 == count {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.span(
                child,
                &format!("{stem}{below}"),
                &format!("{stem}{branch}"),
                "",
            );
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a difference in nanoseconds is far below 2^53"
)]
fn millis(from: u64, to: u64) -> f64 {
    if to < from {
        -((from - to) as f64) / 1e6
    } else {
        (to - from) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests;
