//! The steps that are suites of tests.
//!
//! Cargo builds them; the binaries are run one by one here, as cargo would run them, so that every
//! result has its package and binary, and so that nothing a test writes to standard error can tear
//! a result's line apart.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::exec::{follow, output, run, shown};
use super::libtest::{Outcome, Reader, TestResult};
use super::{Ci, Verdict};
use crate::error::{Context, Error, Result};
use crate::peers;
use crate::workspace::{Package, Workspace, cargo};

/// A test binary that cargo has built.
#[derive(Debug)]
struct Binary {
    path: PathBuf,
    package: Package,
    name: String,
}

pub(super) fn tests(ci: &mut Ci) -> Result<Verdict> {
    // Should the build fail, the results of an earlier run must not stand for this one's.
    super::write(&ci.workspace, &[])?;
    let build = [
        "--workspace",
        "--all-features",
        "--lib",
        "--bins",
        "--tests",
        "--examples",
    ];
    let packages = ci.workspace.packages().to_vec();
    binaries_of(ci, &packages, &build)
}

/// The suite once more, with optimisation, and gRPC's chaos: long runs are at full length only there.
pub(super) fn release(ci: &mut Ci) -> Result<Verdict> {
    let before = ci.results.len();
    let packages = ci.workspace.packages().to_vec();
    let build = ["--release", "--package", "suite", "--tests"];
    binaries_of(ci, &packages, &build)?;
    let grpc = ["--package", "throughline-grpc", "--all-features"];
    let chaos = [&["--release"], &grpc[..], &["--test", "chaos"]].concat();
    binaries_of(ci, &packages, &chaos)?;
    Ok(verdict(&ci.results[before..]))
}

/// Jobs over real brokers: a workspace of its own, checked as the others are, and tested.
pub(super) fn brokers(ci: &mut Ci) -> Result<Verdict> {
    let manifest = ci.workspace.root().join("tests/brokers/Cargo.toml");
    let packages = Workspace::of(&manifest)?.packages().to_vec();
    let manifest = manifest.to_string_lossy().into_owned();
    // What both workspaces stand on is built once.
    let target = ci.workspace.target().to_string_lossy().into_owned();
    let there = ["--manifest-path", &manifest];
    let built = ["--target-dir", &target];
    run(cargo().arg("fmt").args(there).arg("--check"))?;
    let mut clippy = cargo();
    clippy.arg("clippy").args(there).args(built);
    run(clippy.args(["--all-targets", "--", "-D", "warnings"]))?;
    let build = [there, built].concat();
    binaries_of(ci, &packages, &[&build[..], &["--tests"]].concat())
}

/// Builds test binaries of these packages and runs them one by one.
fn binaries_of(ci: &mut Ci, packages: &[Package], build: &[&str]) -> Result<Verdict> {
    let mut command = cargo();
    command.args(["test", "--no-run"]).args(build);
    command.arg("--message-format=json-render-diagnostics");
    println!("$ {}", shown(&command));
    let messages = output(&mut command)?;
    let binaries = binaries(&messages, packages);

    let before = ci.results.len();
    let skips = skips(ci)?;
    let mut problems = Vec::new();
    for binary in binaries {
        println!("\n    {} ({})", binary.package.name, binary.name);
        let mut command = binary.command();
        surroundings(ci, &mut command, &skips);
        let mut reader = Reader::default();
        let (success, status) = follow(&mut command, |line| reader.line(line))?;
        let (mut found, told, harness) = reader.finish();
        let failed = found.iter().any(|(_, outcome)| *outcome == Outcome::Failed);
        if !harness {
            // A binary with a main of its own is one test.
            let outcome = if success {
                Outcome::Passed
            } else {
                Outcome::Failed
            };
            found.push((format!("(all of it, {status})"), outcome));
        } else if !success && !failed {
            found.push((format!("(the binary ended with {status})"), Outcome::Failed));
        } else if success {
            problems.extend(
                told.into_iter()
                    .map(|why| format!("{}: {why}", binary.package.name)),
            );
        }
        ci.results
            .extend(found.into_iter().map(|(name, outcome)| TestResult {
                package: binary.package.name.clone(),
                binary: binary.name.clone(),
                name,
                outcome,
            }));
    }
    note_skips(ci, &skips)?;
    super::write(&ci.workspace, &ci.results)?;
    if problems.is_empty() {
        Ok(verdict(&ci.results[before..]))
    } else {
        Err(Error::new(problems.join("\n")))
    }
}

pub(super) fn doctests(ci: &mut Ci) -> Result<Verdict> {
    let mut command = cargo();
    command.args([
        "test",
        "--workspace",
        "--all-features",
        "--doc",
        "--no-fail-fast",
    ]);
    println!("$ {}", shown(&command));
    let mut reader = Reader::default();
    let skips = skips(ci)?;
    surroundings(ci, &mut command, &skips);
    let (success, status) = follow(&mut command, |line| reader.line(line))?;
    let (found, told, _) = reader.finish();
    let failed = found.iter().any(|(_, outcome)| *outcome == Outcome::Failed);
    let before = ci.results.len();
    for (name, outcome) in found {
        let package = package_of(&name, ci.workspace.root(), ci.workspace.packages());
        ci.results.push(TestResult {
            package,
            binary: "doc".to_owned(),
            name,
            outcome,
        });
    }
    super::write(&ci.workspace, &ci.results)?;
    if !success && !failed {
        return Err(Error::new(format!("the doc tests ended with {status}")));
    }
    if told.is_empty() {
        Ok(verdict(&ci.results[before..]))
    } else {
        Err(Error::new(told.join("\n")))
    }
}

fn verdict(results: &[TestResult]) -> Verdict {
    Verdict::Suite(
        results
            .iter()
            .filter(|result| result.outcome == Outcome::Failed)
            .count(),
    )
}

/// The test binaries among cargo's messages, in a stable order.
fn binaries(messages: &str, packages: &[Package]) -> Vec<Binary> {
    let mut binaries = messages
        .lines()
        .filter_map(|line| binary(line, packages))
        .collect::<Vec<_>>();
    binaries.sort_by(|a, b| (&a.package.name, &a.name).cmp(&(&b.package.name, &b.name)));
    binaries
}

fn binary(line: &str, packages: &[Package]) -> Option<Binary> {
    let message = serde_json::from_str::<Value>(line).ok()?;
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let path = PathBuf::from(message["executable"].as_str().filter(|_| is_test)?);
    let package = packages
        .iter()
        .find(|package| message["package_id"] == package.id.as_str())?;
    let target = message["target"]["name"].as_str()?;
    let is_lib = message["target"]["kind"][0]
        .as_str()
        .is_some_and(|kind| kind.ends_with("lib"));
    let name = if is_lib { "lib" } else { target };
    Some(Binary {
        path,
        package: package.clone(),
        name: name.to_owned(),
    })
}

impl Binary {
    /// The binary in the place and with the environment that `cargo test` gives it.
    fn command(&self) -> Command {
        let Package {
            name,
            manifest_path,
            ..
        } = &self.package;
        let directory = manifest_path.parent().unwrap_or(Path::new("/"));
        let mut command = Command::new(&self.path);
        command.current_dir(directory);
        command.env(
            "CARGO",
            std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        );
        command.env("CARGO_MANIFEST_DIR", directory);
        command.env("CARGO_MANIFEST_PATH", manifest_path);
        command.env("CARGO_PKG_NAME", name);
        command.env("CARGO_PKG_VERSION", &self.package.version);
        command
    }
}

/// The package of a doc test, whose name begins with a file: the one with the longest path to it.
fn package_of(test: &str, root: &Path, packages: &[Package]) -> String {
    let file = root.join(test.split(" - ").next().unwrap_or_default());
    let holds = |package: &&Package| {
        package
            .manifest_path
            .parent()
            .is_some_and(|directory| file.starts_with(directory))
    };
    let length = |package: &&Package| package.manifest_path.as_os_str().len();
    let package = packages.iter().filter(holds).max_by_key(length);
    package.map_or_else(|| "?".to_owned(), |package| package.name.clone())
}

/// Tells tests where foreign software is, and where to say that it is not.
fn surroundings(ci: &Ci, command: &mut Command, skips: &Path) {
    command.env(peers::DIRECTORY, peers::directory(&ci.workspace));
    command.env(peers::SKIPS, skips);
    if ci.settings.require_peers {
        command.env(peers::REQUIRE, "1");
    } else {
        command.env_remove(peers::REQUIRE);
    }
}

/// An empty file for tests to name what they skipped.
fn skips(ci: &Ci) -> Result<PathBuf> {
    let directory = ci.workspace.target().join("throughline");
    std::fs::create_dir_all(&directory)
        .context(|| format!("cannot make {}", directory.display()))?;
    let path = directory.join("skipped");
    std::fs::write(&path, "").context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// A test that returned early for want of a peer has passed nothing.
fn note_skips(ci: &mut Ci, path: &Path) -> Result<()> {
    let text =
        std::fs::read_to_string(path).context(|| format!("cannot read {}", path.display()))?;
    for line in text.lines() {
        let mut parts = line.split('\t');
        let (Some(package), Some(test), Some(peer)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::new(format!(
                "{}: not a skipped test: {line:?}",
                path.display()
            )));
        };
        for result in &mut ci.results {
            if result.package == package && result.name == test && result.outcome == Outcome::Passed
            {
                result.outcome = Outcome::Skipped;
            }
        }
        ci.skipped
            .push(format!("{package}: {test}: {peer} is not here"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn package(name: &str, directory: &str) -> Package {
        Package {
            name: name.to_owned(),
            id: format!("path+file://{directory}#0.1.0"),
            version: "0.1.0".to_owned(),
            manifest_path: Path::new(directory).join("Cargo.toml"),
            features: BTreeMap::new(),
            publish: None,
            targets: Vec::new(),
        }
    }

    #[test]
    fn binaries_are_found_with_their_package() {
        let packages = [package("a", "/w/crates/a"), package("b", "/w/crates/b")];
        let artifact = |id: &str, kind: &str, name: &str, test: bool| {
            serde_json::json!({
                "reason": "compiler-artifact", "package_id": id, "executable": format!("/t/{name}-1"),
                "target": {"name": name, "kind": [kind]}, "profile": {"test": test},
            })
            .to_string()
        };
        let messages = [
            artifact(&packages[1].id, "test", "it", true),
            artifact(&packages[0].id, "bin", "program", false),
            artifact(&packages[0].id, "lib", "a", true),
            artifact("registry+https://x#serde@1.0.0", "lib", "serde", true),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
            "not JSON".to_owned(),
        ];
        let found = binaries(&messages.join("\n"), &packages);
        let found = found
            .iter()
            .map(|one| (&*one.package.name, &*one.name, one.path.to_str()));
        assert_eq!(
            found.collect::<Vec<_>>(),
            [("a", "lib", Some("/t/a-1")), ("b", "it", Some("/t/it-1"))]
        );
    }

    #[test]
    fn doc_tests_belong_to_the_nearest_package() {
        let packages = [package("root", "/w"), package("a", "/w/crates/a")];
        let of = |test: &str| package_of(test, Path::new("/w"), &packages);
        assert_eq!(of("crates/a/src/lib.rs - X (line 3)"), "a");
        assert_eq!(of("src/lib.rs - (line 3)"), "root");
    }
}
