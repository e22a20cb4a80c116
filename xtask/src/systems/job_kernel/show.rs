//! What a person sees after a run.

use std::fmt::Write as _;

use super::promises::FAMILIES;
use super::{Role, Stack};
use crate::report::Report;
use crate::tree;

pub(super) async fn show(stack: &Stack, report: &Report) -> String {
    let mut out = String::from("The first job's trace (ms since its start, ms it took):\n\n");
    out.push_str(&tree::render(&report.trace, &[]));

    out.push_str("\nOne line of each service:\n\n");
    let trace = report.trace.first().map(|span| span.trace_id.as_str());
    for role in Role::ALL {
        let of_trace = trace
            .map(|trace| stack.lines(role, trace))
            .unwrap_or_default();
        let line = of_trace
            .last()
            .cloned()
            .or_else(|| stack.role(role).log().lines().pop());
        let text = line
            .as_ref()
            .map_or("(it wrote nothing)", |line| line.text());
        let _ = writeln!(out, "{:<15} {text}", role.name());
    }

    out.push_str("\nThe families (of histograms: count and sum):\n\n");
    for role in Role::MEASURED {
        let page = match stack.page(role).await {
            Ok(page) => page,
            Err(error) => {
                let _ = writeln!(out, "{error}");
                continue;
            }
        };
        for (_, name, ..) in FAMILIES.iter().filter(|(owner, ..)| *owner == role) {
            let samples = page.family(name).map(|family| family.samples.as_slice());
            if samples.is_none_or(<[_]>::is_empty) {
                let _ = writeln!(out, "{name}  (not there)");
            }
            let buckets = format!("{name}_bucket");
            let samples = samples
                .unwrap_or_default()
                .iter()
                .filter(|one| one.name != buckets);
            let (told, idle) = samples.partition::<Vec<_>, _>(|sample| sample.value != 0.0);
            for sample in told {
                let labels = sample
                    .labels
                    .iter()
                    .map(|(name, value)| format!("{name}={value:?}"));
                let labels = labels.collect::<Vec<_>>().join(",");
                let _ = writeln!(out, "{}{{{labels}}} {}", sample.name, sample.value);
            }
            if !idle.is_empty() {
                let _ = writeln!(out, "{name}  ({} more at 0)", idle.len());
            }
        }
    }
    out
}
