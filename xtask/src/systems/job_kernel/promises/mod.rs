//! What the system promises, each promise in one function that says why it does not hold.

mod errors;
mod jobs;
mod logs;
mod metrics;
mod traces;

pub(super) use metrics::FAMILIES;

use super::Stack;
use super::workload::Workload;
use crate::report::Report;

/// What a promise's check returns: `Err` is the reason that a person reads.
type Held = Result<(), String>;

pub(super) async fn check(stack: &Stack, workload: &Workload, report: &mut Report) {
    jobs::check(workload, report);
    traces::check(stack, workload, report).await;
    logs::check(stack, workload, report).await;
    errors::check(stack, workload, report).await;
    metrics::check(stack, workload, report).await;
    report.promise(
        &["K9"],
        "all four processes still run after the workload",
        still_up(stack),
    );
}

fn still_up(stack: &Stack) -> Held {
    stack.processes.check().map_err(|error| error.to_string())
}

/// `Err(text)` unless it holds.
fn ensure(holds: bool, text: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { Err(text()) }
}

/// All of the reasons, one a line.
fn all(reasons: &[String]) -> Held {
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(reasons.join("\n"))
    }
}
