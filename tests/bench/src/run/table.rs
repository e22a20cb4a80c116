//! Markdown.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use super::numbers::{added, median, whole};
use super::{Measured, Settings};
use crate::cases::{Bar, Case, Cpu, Group, Role};

/// The packages whose versions belong to a table.
const NAMED: [&str; 15] = [
    "axum",
    "tonic",
    "tower-http",
    "metrics",
    "metrics-exporter-prometheus",
    "opentelemetry",
    "opentelemetry_sdk",
    "tracing-opentelemetry",
    "tracing-subscriber",
    "axum-prometheus",
    "axum-tracing-opentelemetry",
    "opentelemetry-instrumentation-tower",
    "tonic-tracing-opentelemetry",
    "tonic_prometheus_layer",
    "tower-otel",
];

/// An allocation that is shared by many requests, such as a block of samples, breaks no bar.
const SHARED_ALLOCATION: f64 = 0.05;

pub(super) fn preamble(settings: &Settings, valgrind: Option<&str>) -> String {
    let mut out = String::from("# Our layers and their peers, side by side\n\n");
    let instructions = match valgrind {
        Some(version) => format!("counted by {version}"),
        None if settings.quick || !settings.callgrind => "not counted in this run".to_owned(),
        None => "not counted: there is no `valgrind` here".to_owned(),
    };
    let mut facts = vec![
        format!("Processor: {}", processor()),
        format!("compiler: {}", rustc()),
        format!("instructions: {instructions}"),
        format!("load before the run: {}", load()),
    ];
    if settings.quick {
        facts.push("a quick run: it shows that all works, its times are rough".to_owned());
    }
    let _ = writeln!(out, "{}.\n\n{}.\n", facts.join("; "), versions());
    out.push_str(
        "Every row is what it adds to the base, the first row, for one request or operation, on the \
         thread that serves it; the base is shown as it is. Allocations and bytes are exact, \
         instructions good to 1 or 2 %. CPU is the median of the difference to the base, over the \
         calmer half of the rounds; *elsewhere* is CPU time of other threads and of work put off, \
         with the fixed cost of a flush in it. Ratios: × ours is to the first row of ours, × floor \
         to the first floor. ✗ marks what is over its bar.\n\n",
    );
    out
}

pub(super) fn epilogue(took: Duration) -> String {
    format!(
        "The run took {:.0} s; load after it: {}.",
        took.as_secs_f64(),
        load()
    )
}

/// What a row adds to its base.
struct Added {
    allocations: f64,
    bytes: f64,
    instructions: Option<f64>,
    cpu: f64,
    elsewhere: f64,
}

impl Added {
    fn of(case: &Case, base: &Case, measured: &Measured) -> Option<Self> {
        let (own, of) = (measured.get(case.name)?, measured.get(base.name)?);
        let instructions = own.instructions.zip(of.instructions);
        Some(Self {
            allocations: own.heap[0] - of.heap[0],
            bytes: own.heap[1] - of.heap[1],
            instructions: instructions.map(|(own, of)| own - of),
            cpu: measured.added_cpu(case.name, base.name)?,
            elsewhere: median(&own.later) - median(&of.later),
        })
    }

    /// Which parts of the bar are missed: allocations, instructions, CPU.
    fn over(&self, bar: Bar, floor: Option<&Self>) -> [bool; 3] {
        let most = match bar.cpu {
            Some(Cpu::Ns(ns)) => Some(ns),
            Some(Cpu::Floor(times)) => floor.map(|floor| floor.cpu * times),
            None => None,
        };
        let instructions = self.instructions.zip(bar.instructions);
        [
            bar.allocations
                .is_some_and(|most| self.allocations > most + SHARED_ALLOCATION),
            instructions.is_some_and(|(own, most)| own > most),
            most.is_some_and(|most| self.cpu > most),
        ]
    }
}

/// The rows against which a group's others are shown.
struct Against<'a> {
    base: &'a Case,
    ours: Option<Added>,
    floor: Option<Added>,
}

impl<'a> Against<'a> {
    fn of(group: &'a Group, measured: &Measured) -> Self {
        let base = group.cases.first().expect("a group has a base");
        let first = |role| {
            let case = group.cases.iter().find(|case| case.role == role)?;
            Added::of(case, base, measured)
        };
        Self {
            base,
            ours: first(Role::Ours),
            floor: first(Role::Floor),
        }
    }
}

/// One group.
pub(super) fn of(group: &Group, measured: &Measured) -> String {
    let against = Against::of(group, measured);
    let has_floor = against.floor.is_some();
    let mut out = format!("## {}\n\n", group.title);
    let floor_head = if has_floor { " CPU × floor |" } else { "" };
    let floor_line = if has_floor { "--:|" } else { "" };
    let _ = writeln!(
        out,
        "| for one {} | allocations | bytes | instructions | CPU ns | elsewhere ns | instructions × \
         ours | CPU × ours |{floor_head} bar |\n|---|--:|--:|--:|--:|--:|--:|--:|{floor_line}---|",
        group.unit
    );
    for case in &group.cases {
        let line = if case.name == against.base.name {
            base_row(case, measured, has_floor)
        } else {
            row(case, &against, measured)
        };
        out.push_str(&line.unwrap_or_default());
    }
    out
}

fn base_row(case: &Case, measured: &Measured, has_floor: bool) -> Option<String> {
    let own = measured.get(case.name)?;
    let floor = if has_floor { " |" } else { "" };
    Some(format!(
        "| {} | {:.2} | {} | {} | {} | {} | | |{floor} |\n",
        case.title,
        own.heap[0],
        whole(own.heap[1]),
        own.instructions.map_or_else(|| "–".into(), whole),
        whole(median(&own.cpu)),
        whole(median(&own.later)),
    ))
}

fn row(case: &Case, against: &Against<'_>, measured: &Measured) -> Option<String> {
    let own = Added::of(case, against.base, measured)?;
    let over = case
        .bar
        .map_or([false; 3], |bar| own.over(bar, against.floor.as_ref()));
    let mark = |over: bool, text: String| {
        if over {
            format!("**{text} ✗**")
        } else {
            text
        }
    };
    let title = match case.role {
        Role::Ours => format!("**{}**", case.title),
        _ => case.title.to_owned(),
    };
    let instructions = own.instructions.map_or_else(|| "–".into(), added);
    let ours = against.ours.as_ref();
    let instructions_of = ours.and_then(|ours| ratio(own.instructions?, ours.instructions?));
    let cpu_of = ours.and_then(|ours| ratio(own.cpu, ours.cpu));
    let floor = against.floor.as_ref().map_or(String::new(), |floor| {
        format!(" {} |", shown(ratio(own.cpu, floor.cpu)))
    });
    Some(format!(
        "| {title} | {} | {} | {} | {} | {} | {} | {} |{floor} {} |\n",
        mark(over[0], format!("{:+.2}", own.allocations)),
        added(own.bytes),
        mark(over[1], instructions),
        mark(over[2], added(own.cpu)),
        added(own.elsewhere),
        shown(instructions_of),
        shown(cpu_of),
        case.bar.map(limits).unwrap_or_default(),
    ))
}

fn ratio(own: f64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| own / of)
}

fn shown(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".into(), |ratio| format!("{ratio:.2}"))
}

fn limits(bar: Bar) -> String {
    let allocations = bar.allocations.map_or_else(|| "–".into(), whole);
    let instructions = bar.instructions.map_or_else(|| "–".into(), whole);
    let cpu = match bar.cpu {
        Some(Cpu::Ns(ns)) => format!("{} ns", whole(ns)),
        Some(Cpu::Floor(times)) => format!("{times} × floor"),
        None => "–".into(),
    };
    format!("≤ {allocations} / {instructions} / {cpu}")
}

/// The rows that are over their bars.
pub(super) fn over(groups: &[Group], measured: &Measured) -> String {
    let mut out = String::from("## Over the bar\n\n");
    let (mut bars, mut missed) = (0, 0);
    for group in groups {
        let against = Against::of(group, measured);
        for case in &group.cases {
            let Some(bar) = case.bar else { continue };
            let Some(own) = Added::of(case, against.base, measured) else {
                continue;
            };
            bars += 1;
            let over = own.over(bar, against.floor.as_ref());
            let parts = [
                (over[0], format!("{:.2} allocations", own.allocations)),
                (
                    over[1],
                    format!("{} instructions", whole(own.instructions.unwrap_or(0.0))),
                ),
                (over[2], format!("{} ns of CPU", whole(own.cpu))),
            ];
            let parts = parts.into_iter().filter(|(over, _)| *over);
            let parts = parts.map(|(_, text)| text).collect::<Vec<_>>();
            if !parts.is_empty() {
                missed += 1;
                let _ = writeln!(
                    out,
                    "* `{}`: {}; bar {}",
                    case.name,
                    parts.join(", "),
                    limits(bar)
                );
            }
        }
    }
    let _ = writeln!(out, "\n{missed} of {bars} rows with a bar are over it.\n");
    out
}

/// What each row emitted, and the names of those that should have emitted something and did not.
pub(super) fn evidence<'a>(groups: &'a [Group], measured: &Measured) -> (String, Vec<&'a str>) {
    let mut out = String::from(
        "## Evidence\n\nWhat was seen at the far end, for one request or operation.\n\n\
         | row | seen |\n|---|---|\n",
    );
    let mut silent = Vec::new();
    for case in groups.iter().flat_map(|group| &group.cases) {
        let seen = measured.get(case.name).map_or("", |row| &row.evidence);
        let emits = !matches!(case.role, Role::Base | Role::Identity);
        if seen.is_empty() && emits {
            silent.push(case.name);
        }
        let seen = match (seen, emits) {
            ("", true) => "**nothing**",
            ("", false) => "nothing, as it should",
            (seen, _) => seen,
        };
        let _ = writeln!(out, "| {} | {seen} |", case.name);
    }
    (out, silent)
}

/// A package may be there twice, for the sake of a peer.
fn versions() -> String {
    let lock = include_str!("../../Cargo.lock");
    let versions = |name: &&str| {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let entries = lock.split(entry.as_str()).skip(1);
        let versions = entries.filter_map(|after| after.split('"').next());
        format!("{name} {}", versions.collect::<Vec<_>>().join(" and "))
    };
    NAMED.iter().map(versions).collect::<Vec<_>>().join(", ")
}

fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut names = about
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = names.next().map_or("unknown", |(_, name)| name);
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{count} × {name}")
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".into())
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}
