//! The line that says that others are missing.

use std::{fmt::Write, time::SystemTime};

use tracing_core::Level;

use super::{compose, compose::Head, scratch::Scratch, visitor::write_text};
use crate::{families, schema::Plan, writer::PerLevel};

/// Writes the line that tells how many lines were dropped.
pub(crate) fn notice(plan: &Plan, dropped: &PerLevel, line: &mut Vec<u8>) {
    let mut text = format!("log lines dropped: {}", dropped.sum());
    let mut mark = " (";
    for level in families::Level::ALL {
        let lines = dropped.of(*level);
        if 0 < lines {
            let _ = write!(text, "{mark}{lines} {level}");
            mark = ", ";
        }
    }
    text.push(')');
    let mut scratch = Scratch::default();
    scratch.begin(plan.rules.len());
    if let Some(slot) = plan.message {
        scratch.set(slot, |out| {
            write_text(out, &text, plan.rules[slot].cap(), false)
        });
    }
    let head = Head {
        time: SystemTime::now(),
        level: Level::WARN,
        target: env!("CARGO_CRATE_NAME"),
        file: None,
        line: None,
        trace: None,
        redacted: 0,
    };
    compose(plan, &head, &mut scratch);
    line.extend_from_slice(scratch.line());
}
