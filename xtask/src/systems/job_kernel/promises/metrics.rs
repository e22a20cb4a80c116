//! Metrics: the six families where they belong, exact, and nothing that grows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Held, all, ensure};
use crate::promtext::Page;
use crate::report::Report;
use crate::systems::job_kernel::calls::SECRET;
use crate::systems::job_kernel::workload::Workload;
use crate::systems::job_kernel::{Role, Stack};

/// A family: whose page it is on, its name, kind and labels.
pub(crate) const FAMILIES: [(Role, &str, &str, &[&str]); 6] = [
    (
        Role::SystemApi,
        "eigen_api_requests_total",
        "counter",
        &["endpoint", "method", "status"],
    ),
    (
        Role::SystemApi,
        "eigen_api_request_duration_seconds",
        "histogram",
        &["endpoint", "method"],
    ),
    (
        Role::Kernel,
        "eigen_kernel_job_state_transitions_total",
        "counter",
        &["from", "to"],
    ),
    (
        Role::Kernel,
        "eigen_kernel_stage_duration_seconds",
        "histogram",
        &["stage"],
    ),
    (
        Role::DriverManager,
        "eigen_driver_requests_total",
        "counter",
        &["driver", "op", "success"],
    ),
    (
        Role::DriverManager,
        "eigen_driver_request_duration_seconds",
        "histogram",
        &["driver", "op"],
    ),
];

/// What else may be on a page: what the process uses, and what the layers count of themselves.
const BESIDE: [&str; 2] = ["process_", "throughline_"];

/// How often the workload goes through each stage: five jobs are validated and compiled, three
/// scheduled and executed, two collected.
const STAGES: [(&str, u64); 5] = [
    ("validate", 5),
    ("compile", 5),
    ("schedule", 3),
    ("execute", 3),
    ("collect", 2),
];

/// How often the workload runs a driver.
const RUNS: u64 = 3;

pub(super) async fn check(stack: &Stack, workload: &Workload, report: &mut Report) {
    let served = served(stack).await;
    report.promise(
        &["K3", "K8"],
        "each service serves its own `/metrics`",
        served,
    );
    let pages = match pages(stack, workload).await {
        Ok(pages) => pages,
        Err(why) => {
            report.promise(&["K3", "K4"], "the pages can be read", Err(why));
            return;
        }
    };
    let text = "the six families are on their pages with their exact labels, and nothing else is";
    report.promise(&["K4"], text, exact(&pages));
    let text = "no job id and no credentials are on any page";
    report.promise(&["K5", "K7"], text, bounded(&pages, workload));
    let text = "requests are counted as they were answered, each once";
    report.promise(&["K4"], text, requests(&pages, workload));
    let text = "transitions and stages are counted as they were streamed";
    report.promise(&["K4", "K10"], text, transitions(&pages, workload));
    let text = "drivers' runs are counted, the failed one as failed";
    report.promise(&["K4"], text, drivers(&pages, workload));
}

type Pages = BTreeMap<Role, Page>;

async fn served(stack: &Stack) -> Held {
    let mut wrong = Vec::new();
    for (at, role) in Role::MEASURED.into_iter().enumerate() {
        let answer = match stack.scrape(role).await {
            Ok(answer) => answer,
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        let kind = answer.header("content-type").unwrap_or_default();
        if answer.status != http::StatusCode::OK || !kind.starts_with("text/plain") {
            wrong.push(format!("{}: {} {kind:?}", role.name(), answer.status));
        }
        let port = stack
            .role(role)
            .metrics_address()
            .map(|address| address.port());
        let expected = usize::from(stack.port_base) + at;
        if stack.port_base != 0 && port.map(usize::from) != Some(expected) {
            wrong.push(format!(
                "{}: the page is on port {port:?}, not {expected}",
                role.name()
            ));
        }
    }
    all(&wrong)
}

/// The pages once everything that was answered is counted, or as they are when it never is.
async fn pages(stack: &Stack, workload: &Workload) -> Result<Pages, String> {
    let mut pages = Pages::new();
    for role in Role::MEASURED {
        let (name, want) = match role {
            Role::SystemApi => {
                let answered = workload.calls.values().sum::<u64>();
                ("eigen_api_requests_total", answered)
            }
            Role::Kernel => {
                let times = STAGES.iter().map(|(_, times)| times).sum();
                ("eigen_kernel_stage_duration_seconds_count", times)
            }
            _ => ("eigen_driver_request_duration_seconds_count", RUNS),
        };
        let settled = |page: &Page| same(grown(page, workload, role, name, &[]), want);
        let page = stack
            .page_when(role, settled)
            .await
            .map_err(|error| error.to_string())?;
        pages.insert(role, page);
    }
    Ok(pages)
}

fn exact(pages: &Pages) -> Held {
    let mut wrong = Vec::new();
    for (role, page) in pages {
        for (owner, name, kind, labels) in FAMILIES {
            match (page.family(name), owner == *role) {
                (None, true) => wrong.push(format!("{}: `{name}` is missing", role.name())),
                (Some(_), false) => {
                    wrong.push(format!(
                        "{}: `{name}` belongs to {}",
                        role.name(),
                        owner.name()
                    ));
                }
                (None, false) => {}
                (Some(family), true) => {
                    if family.kind != kind {
                        wrong.push(format!("`{name}` is a {}, not a {kind}", family.kind));
                    }
                    let expected = labels.iter().copied().collect::<BTreeSet<_>>();
                    if family.labels() != expected {
                        wrong.push(format!("`{name}` has the labels {:?}", family.labels()));
                    }
                    if family.help.is_empty() {
                        wrong.push(format!("`{name}` has no help"));
                    }
                }
            }
        }
        let listed = |name: &str| FAMILIES.iter().any(|(_, own, ..)| *own == name);
        let beside = |name: &str| BESIDE.iter().any(|prefix| name.starts_with(prefix));
        for family in page.families() {
            if !listed(&family.name) && !beside(&family.name) {
                wrong.push(format!(
                    "{}: `{}` is not asked for",
                    role.name(),
                    family.name
                ));
            }
        }
    }
    all(&wrong)
}

fn bounded(pages: &Pages, workload: &Workload) -> Held {
    let ids = workload
        .runs()
        .into_iter()
        .filter_map(|run| run.job_id.as_deref());
    let ids = ids.chain(["no-such-job", SECRET]).collect::<Vec<_>>();
    let mut wrong = Vec::new();
    for (role, page) in pages {
        for id in &ids {
            if let Some(line) = page.text().lines().find(|line| line.contains(id)) {
                wrong.push(format!("{}: {line}", role.name()));
            }
        }
    }
    all(&wrong)
}

/// By how much a sum has grown since before the workload.
fn grown(page: &Page, load: &Workload, role: Role, name: &str, labels: &[(&str, &str)]) -> f64 {
    page.sum(name, labels)
        - load
            .before
            .get(&role)
            .map_or(0.0, |page| page.sum(name, labels))
}

#[allow(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "counts are small whole numbers"
)]
fn same(value: f64, count: u64) -> bool {
    value == count as f64
}

fn requests(pages: &Pages, workload: &Workload) -> Held {
    let page = &pages[&Role::SystemApi];
    let name = "eigen_api_requests_total";
    let count = |labels: &[(&str, &str)]| grown(page, workload, Role::SystemApi, name, labels);
    let mut wrong = Vec::new();
    for ((method, endpoint, status), sent) in &workload.calls {
        let status = status.to_string();
        let got = count(&[
            ("method", method),
            ("endpoint", endpoint),
            ("status", &status),
        ]);
        if !same(got, *sent) {
            wrong.push(format!(
                "{method} {endpoint} {status}: {sent} answered, {got} counted"
            ));
        }
    }
    let sent = workload.calls.values().sum::<u64>();
    if !same(count(&[]), sent) {
        wrong.push(format!(
            "{sent} requests were answered, {} are counted",
            count(&[])
        ));
    }
    let name = "eigen_api_request_duration_seconds_count";
    let timed = grown(page, workload, Role::SystemApi, name, &[]);
    if !same(timed, sent) {
        wrong.push(format!("{sent} requests were answered, {timed} are timed"));
    }
    all(&wrong)
}

fn transitions(pages: &Pages, workload: &Workload) -> Held {
    let page = &pages[&Role::Kernel];
    let mut told = BTreeMap::<(String, String), u64>::new();
    for event in workload.runs().into_iter().flat_map(|run| &run.events) {
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        *told.entry((text("from"), text("to"))).or_default() += 1;
    }
    ensure(!told.is_empty(), || "no transition was streamed".to_owned())?;
    // Two jobs whose circuit was refused have no stream; they get as far as this.
    *told
        .entry(("submitted".to_owned(), "validated".to_owned()))
        .or_default() += 2;
    *told
        .entry(("validated".to_owned(), "failed".to_owned()))
        .or_default() += 2;
    let mut wrong = Vec::new();
    let name = "eigen_kernel_job_state_transitions_total";
    for ((from, to), count) in &told {
        let got = grown(
            page,
            workload,
            Role::Kernel,
            name,
            &[("from", from), ("to", to)],
        );
        if !same(got, *count) {
            wrong.push(format!(
                "{from} → {to}: {count} took place, {got} are counted"
            ));
        }
    }
    let all_told = told.values().sum::<u64>();
    let all_counted = grown(page, workload, Role::Kernel, name, &[]);
    if !same(all_counted, all_told) {
        wrong.push(format!(
            "{all_told} transitions took place, {all_counted} are counted"
        ));
    }
    let name = "eigen_kernel_stage_duration_seconds_count";
    for (stage, count) in STAGES {
        let got = grown(page, workload, Role::Kernel, name, &[("stage", stage)]);
        if !same(got, count) {
            wrong.push(format!(
                "stage {stage}: {count} took place, {got} are timed"
            ));
        }
    }
    all(&wrong)
}

fn drivers(pages: &Pages, workload: &Workload) -> Held {
    let page = &pages[&Role::DriverManager];
    let name = "eigen_driver_requests_total";
    let mut wrong = Vec::new();
    let expected = [
        ("statevector", "true", 2),
        ("statevector", "false", 0),
        ("faulty", "false", 1),
        ("faulty", "true", 0),
    ];
    for (driver, success, count) in expected {
        let labels = [("driver", driver), ("op", "execute"), ("success", success)];
        let got = grown(page, workload, Role::DriverManager, name, &labels);
        if !same(got, count) {
            wrong.push(format!(
                "{driver}, success {success}: {count} ran, {got} are counted"
            ));
        }
    }
    let name = "eigen_driver_request_duration_seconds_count";
    let timed = grown(
        page,
        workload,
        Role::DriverManager,
        name,
        &[("op", "execute")],
    );
    if !same(timed, RUNS) {
        wrong.push(format!("{RUNS} ran, {timed} are timed"));
    }
    all(&wrong)
}
