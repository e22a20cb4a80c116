//! Manifests: arrows, inheritance, versions, lints, names of programs.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::house::{self, PLACES, RESERVED};
use super::{File, Finding, Tree};

/// The tables of a manifest that name packages.
const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// What a published crate has from the root.
const INHERITED: [&str; 5] = [
    "version",
    "edition",
    "rust-version",
    "license",
    "repository",
];

/// The workspaces of their own under `tests`.
const APART: [&str; 4] = [
    "tests/bench/",
    "tests/brokers/",
    "tests/fuzz/",
    "tests/peers/",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut programs = BTreeMap::<String, &File>::new();
    for file in &tree.files {
        let apart = APART.iter().any(|path| file.path.starts_with(path));
        if apart || !(file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml")) {
            continue;
        }
        let manifest = match file.text.parse::<Table>() {
            Ok(manifest) => manifest,
            Err(error) => {
                findings.push(file.finding(1, format!("is no TOML: {}", error.message())));
                continue;
            }
        };
        if file.path == "Cargo.toml" {
            findings.extend(root(file, &manifest));
            continue;
        }
        findings.extend(member(file, &manifest));
        if let Some(name) = file
            .path
            .strip_prefix("crates/")
            .and_then(|path| path.split('/').next())
        {
            findings.extend(published(file, &manifest, name));
        }
        for program in names_of_programs(tree, file, &manifest) {
            if let Some(other) = programs.insert(program.clone(), file) {
                let text = format!("the program `{program}` is also one of {}", other.path);
                findings.push(file.at(&format!("\"{program}\""), text));
            }
        }
    }
    findings
}

/// The root names each package once.
fn root(file: &File, manifest: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut packages = BTreeMap::<&str, &str>::new();
    let shared = table(manifest, &["workspace", "dependencies"]);
    for (name, value) in shared.into_iter().flatten() {
        let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
        if let Some(other) = packages.insert(package, name) {
            let text = format!("`{package}` has two versions, as `{other}` and as `{name}`");
            findings.push(file.at(&format!("{name} ="), text));
        }
    }
    findings
}

/// What holds for every member.
fn member(file: &File, manifest: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lints = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"));
    if lints.and_then(Value::as_bool) != Some(true) {
        findings.push(file.at(
            "[lints]",
            "the lints are not the workspace's: `[lints] workspace = true`",
        ));
    }
    for (kind, name, value) in dependencies(manifest) {
        if value.get("workspace").and_then(Value::as_bool) != Some(true) {
            let text =
                format!("`{name}` ({kind}) has a version of its own; use `workspace = true`");
            findings.push(file.at(name, text));
        }
    }
    findings
}

/// What holds for the crates of the house.
fn published(file: &File, manifest: &Table, directory: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let package = table(manifest, &["package"]).cloned().unwrap_or_default();
    let own = format!("throughline-{directory}");
    if package.get("name").and_then(Value::as_str) != Some(&own) {
        findings.push(file.at(
            "name =",
            format!("the package in crates/{directory} is not `{own}`"),
        ));
    }
    for key in INHERITED {
        let from = package.get(key).and_then(|value| value.get("workspace"));
        if from.and_then(Value::as_bool) != Some(true) {
            findings.push(file.at(key, format!("`{key}` is not the workspace's")));
        }
    }
    let Some(place) = house::place_of(directory) else {
        return findings;
    };
    let normal = dependencies(manifest)
        .into_iter()
        .filter(|(kind, ..)| *kind == "dependencies");
    for (_, name, value) in normal {
        if let Some(other) = name.strip_prefix("throughline-") {
            let allowed = house::place_of(other).is_some_and(|other| house::may_use(place, other));
            if !allowed {
                let below = PLACES.iter().filter(|other| house::may_use(place, other));
                let below = below.map(|place| place.name).collect::<Vec<_>>().join(", ");
                let below = if below.is_empty() {
                    "none".to_owned()
                } else {
                    below
                };
                let text =
                    format!("`{directory}` may not use `{other}`; crates it may use: {below}");
                findings.push(file.at(name, text));
            }
            continue;
        }
        let optional = value.get("optional").and_then(Value::as_bool) == Some(true);
        if place.never.iter().any(|pattern| matches(pattern, name)) {
            findings.push(file.at(name, format!("`{directory}` must not know `{name}`")));
        } else if !optional
            && place
                .behind_feature
                .iter()
                .any(|pattern| matches(pattern, name))
        {
            let text = format!("`{directory}` may have `{name}` behind a feature alone");
            findings.push(file.at(name, text));
        }
        let reserved = RESERVED.iter().find(|(pattern, _)| matches(pattern, name));
        if let Some((_, owners)) = reserved
            && !owners.contains(&directory)
        {
            let text = format!("`{name}` belongs to {} alone", owners.join(" and "));
            findings.push(file.at(name, text));
        }
    }
    findings
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == name, |start| name.starts_with(start))
}

/// Every dependency: the table's name, the key, the value; those of targets too.
fn dependencies(manifest: &Table) -> Vec<(&'static str, &str, &Value)> {
    let targets = table(manifest, &["target"]).into_iter().flatten();
    let targets = targets.filter_map(|(_, target)| target.as_table());
    let mut found = Vec::new();
    for place in std::iter::once(manifest).chain(targets) {
        for kind in DEPENDENCIES {
            let entries = table(place, &[kind]).into_iter().flatten();
            found.extend(entries.map(|(name, value)| (kind, name.as_str(), value)));
        }
    }
    found
}

/// The programs of a member: those it lists, and those that cargo finds by their place.
fn names_of_programs(tree: &Tree, file: &File, manifest: &Table) -> Vec<String> {
    let directory = file.path.strip_suffix("Cargo.toml").unwrap_or_default();
    let listed = manifest
        .get("bin")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut names = listed
        .filter_map(|bin| Some(bin.get("name")?.as_str()?.to_owned()))
        .collect::<Vec<_>>();
    let paths = manifest
        .get("bin")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let paths = paths.filter_map(|bin| Some(format!("{directory}{}", bin.get("path")?.as_str()?)));
    let paths = paths.collect::<Vec<_>>();
    let main = format!("{directory}src/main.rs");
    if tree.has(&main) && !paths.contains(&main) {
        let package = table(manifest, &["package"]).and_then(|package| package.get("name"));
        names.extend(package.and_then(Value::as_str).map(str::to_owned));
    }
    let bins = format!("{directory}src/bin/");
    let found = tree
        .files
        .iter()
        .filter(|other| !paths.contains(&other.path));
    let found = found.filter_map(|other| other.path.strip_prefix(&bins));
    let found = found.filter_map(|name| {
        let file = name.strip_suffix(".rs").filter(|name| !name.contains('/'));
        file.or_else(|| name.strip_suffix("/main.rs"))
    });
    names.extend(found.map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

fn table<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter()
        .try_fold(table, |table, key| table.get(*key)?.as_table())
}
