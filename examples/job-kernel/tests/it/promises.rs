//! K9: the smoke test, by the same code as `cargo xtask example job-kernel`, and what is shipped.

use std::{collections::BTreeSet, fs};

use job_kernel::{driver_manager, kernel, system_api};
use serde_json::Value;
use xtask::{peers, systems::job_kernel as system};

use crate::harness::start;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

#[tokio::test]
async fn k9_the_whole_stack_keeps_its_promises() {
    let stack = start().await;
    let report = system::run(&stack).await;
    assert_eq!(report.failures().count(), 0, "{}", report.summary());
    let told: BTreeSet<&str> = report
        .promises
        .iter()
        .flat_map(|promise| promise.numbers.iter().copied())
        .collect();
    let all = (1..=10).map(|number| format!("K{number}"));
    let missing: Vec<String> = all
        .filter(|number| !told.contains(number.as_str()))
        .collect();
    assert_eq!(missing, [""; 0], "every requirement is looked at");
    let unclean = stack.stop().await;
    assert_eq!(unclean, []);
}

/// Texts under this key, anywhere in the document.
fn under<'a>(document: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match document {
        Value::Object(fields) => {
            found.extend(fields.get(key).and_then(Value::as_str));
            fields.values().for_each(|value| under(value, key, found));
        }
        Value::Array(values) => values.iter().for_each(|value| under(value, key, found)),
        _ => {}
    }
}

#[test]
fn k9_the_dashboard_asks_for_families_that_there_are_and_for_each() {
    let text = fs::read_to_string(format!("{DEPLOY}/grafana/job-kernel.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    under(&dashboard, "expr", &mut queries);
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let asked = queries.iter().flat_map(|query| query.split(word));
    let asked: BTreeSet<&str> = asked.filter(|word| word.starts_with("eigen_")).collect();
    let catalogues = [
        system_api::eigen::CATALOGUE,
        kernel::eigen::CATALOGUE,
        driver_manager::eigen::CATALOGUE,
    ];
    let families = catalogues.iter().flat_map(|catalogue| catalogue.families());
    let families: BTreeSet<&str> = families.map(|family| family.name()).collect();
    assert_eq!(families.len(), 6);
    let family = |name: &'_ str| {
        ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .unwrap_or(name)
            .to_owned()
    };
    let asked: BTreeSet<String> = asked.into_iter().map(family).collect();
    assert!(asked.iter().eq(families.iter()), "{asked:?}");
}

#[test]
fn k9_prometheus_scrapes_the_three_pages() {
    let path = format!("{DEPLOY}/prometheus.yml");
    let text = fs::read_to_string(&path).unwrap();
    for target in ["127.0.0.1:9090", "127.0.0.1:9091", "127.0.0.1:9092"] {
        assert!(
            text.contains(&format!("targets: [\"{target}\"]")),
            "{target}"
        );
    }
    let Some(promtool) = peers::require("promtool") else {
        return;
    };
    let output = std::process::Command::new(promtool)
        .args(["check", "config", &path])
        .output();
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{told}");
}
