//! Errors: told once, where they came from.

use super::{Held, ensure};
use crate::report::Report;
use crate::stack::Line;
use crate::systems::job_kernel::workload::{Run, Workload};
use crate::systems::job_kernel::{Role, SETTLE, Stack};

pub(super) async fn check(stack: &Stack, workload: &Workload, report: &mut Report) {
    let sources = [
        (&workload.malformed, Role::Compiler),
        (&workload.too_large, Role::Compiler),
        (&workload.faulty, Role::DriverManager),
    ];
    for (run, source) in sources {
        let text = format!(
            "{}: one error is logged, by {}, with `error_kind` and `root_cause`",
            run.name,
            source.name()
        );
        report.promise(&["K6"], text, once(stack, run, source).await);
    }
    let good = [&workload.plain, &workload.traced].map(|run| none(stack, run));
    let text = "a job that succeeds logs no error";
    report.promise(&["K6"], text, good.into_iter().collect());
}

/// A line that tells an error, at whatever level: a caller's mistake is told as a warning.
fn is_error(line: &Line) -> bool {
    let loud = |level: &str| level.eq_ignore_ascii_case("error");
    line.text_of("error_kind").is_some() || line.text_of("level").is_some_and(loud)
}

fn errors(stack: &Stack, trace: &str) -> Vec<String> {
    let lines = Role::ALL
        .into_iter()
        .flat_map(|role| stack.lines(role, trace));
    lines
        .filter(|line| is_error(line))
        .map(|line| line.text().to_owned())
        .collect()
}

async fn once(stack: &Stack, run: &Run, source: Role) -> Held {
    let trace = run
        .trace_id
        .as_deref()
        .ok_or("the answer told no trace id")?;
    let found = stack.role(source).log().wait_for(SETTLE, |lines| {
        let like = |line: &&std::sync::Arc<Line>| {
            line.text_of("trace_id") == Some(trace) && is_error(line)
        };
        lines.iter().find(like).cloned()
    });
    let Some(line) = found.await else {
        let elsewhere = errors(stack, trace);
        return Err(match elsewhere.as_slice() {
            [] => format!("nobody logged an error in trace {trace}"),
            lines => format!(
                "{} did not log it; others did:\n{}",
                source.name(),
                lines.join("\n")
            ),
        });
    };
    for key in ["error_kind", "root_cause"] {
        let told = line.text_of(key).is_some_and(|value| !value.is_empty());
        ensure(told, || format!("the line has no `{key}`: {}", line.text()))?;
    }
    let all = errors(stack, trace);
    ensure(all.len() == 1, || {
        format!("{} lines tell the error:\n{}", all.len(), all.join("\n"))
    })
}

fn none(stack: &Stack, run: &Run) -> Held {
    let trace = run
        .trace_id
        .as_deref()
        .ok_or("the answer told no trace id")?;
    let lines = errors(stack, trace);
    ensure(lines.is_empty(), || {
        format!("{}:\n{}", run.name, lines.join("\n"))
    })
}
