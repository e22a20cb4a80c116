//! The steps that are one command or one check.

use std::process::Command;

use super::exec::{output, run};
use super::{Ci, Verdict};
use crate::coverage::Coverage;
use crate::error::{Context, Error, Result};
use crate::workspace::{Workspace, cargo};
use crate::{catalog, peers, tidy};

const WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

pub(super) fn fmt(_: &mut Ci) -> Result<Verdict> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Verdict::Passed)
}

pub(super) fn clippy(_: &mut Ci) -> Result<Verdict> {
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--all-features"])
        .args(WARNINGS))?;
    Ok(Verdict::Passed)
}

/// Each crate without features, with its default ones, and with each alone. Clippy is a check that
/// can turn the warnings of one package into errors without rebuilding what it stands on.
pub(super) fn features(ci: &mut Ci) -> Result<Verdict> {
    let mut failed = Vec::new();
    for package in ci.workspace.under("crates") {
        let alone = package
            .features
            .keys()
            .filter(|feature| *feature != "default");
        let alone = alone.map(|feature| vec!["--no-default-features", "--features", feature]);
        let sets = [vec!["--no-default-features"], vec![]]
            .into_iter()
            .chain(alone);
        for set in sets {
            let mut command = cargo();
            command
                .args(["clippy", "--quiet", "--package", &package.name])
                .args(&set)
                .args(WARNINGS);
            failed.extend(run(&mut command).err().map(|error| error.to_string()));
        }
    }
    if failed.is_empty() {
        Ok(Verdict::Passed)
    } else {
        Err(Error::new(failed.join("\n")))
    }
}

pub(super) fn docs(_: &mut Ci) -> Result<Verdict> {
    let mut command = cargo();
    command.args(["doc", "--workspace", "--no-deps", "--all-features"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Verdict::Passed)
}

/// Each target for 20 seconds. What is found stays in the target directory.
pub(super) fn fuzz(ci: &mut Ci) -> Result<Verdict> {
    let Some(program) = peers::find(&ci.workspace, "cargo-fuzz") else {
        return absent(ci, "cargo-fuzz");
    };
    let home = ci.workspace.root().join("tests/fuzz");
    let found = ci.workspace.target().join("fuzz");
    for target in [
        "baggage",
        "binary",
        "request_id",
        "traceparent",
        "tracestate",
    ] {
        let (corpus, seeds) = (found.join("corpus").join(target), home.join("seeds"));
        let artifacts = found.join("artifacts").join(target);
        for directory in [&corpus, &artifacts] {
            std::fs::create_dir_all(directory)
                .context(|| format!("cannot make {}", directory.display()))?;
        }
        let mut command = Command::new("rustup");
        command.args(["run", "nightly"]).arg(&program);
        command.args(["run", "--fuzz-dir"]).arg(&home);
        command.arg("--target-dir").arg(found.join("target"));
        command.arg(target).arg(&corpus).arg(seeds.join(target));
        command.args([
            "--",
            "-max_total_time=20",
            "-max_len=20000",
            "-print_final_stats=1",
        ]);
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        command.arg(format!(
            "-dict={}",
            seeds.join(format!("{target}.dict")).display()
        ));
        // The toolchain that runs this command is not the one that fuzzes.
        for name in ["CARGO", "RUSTUP_TOOLCHAIN", "RUSTFLAGS"] {
            command.env_remove(name);
        }
        run(&mut command)?;
    }
    Ok(Verdict::Passed)
}

pub(super) fn tidy(ci: &mut Ci) -> Result<Verdict> {
    let findings = tidy::check(&tidy::Tree::load(&ci.workspace)?);
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings
        .iter()
        .filter(|finding| !finding.is_warning())
        .count();
    match errors {
        0 => Ok(Verdict::Passed),
        1 => Err(Error::new("the house has one fault, see above")),
        more => Err(Error::new(format!(
            "the house has {more} faults, see above"
        ))),
    }
}

/// The committed pages against the catalogues.
pub(super) fn catalog(ci: &mut Ci) -> Result<Verdict> {
    match catalog::run(&ci.workspace, true)?.as_slice() {
        [] => Ok(Verdict::Passed),
        [path, ..] => Err(Error::new(format!(
            "{} is not up to date; run `cargo xtask catalog`",
            path.display()
        ))),
    }
}

/// Advisories are left out: their database is a repository of its own, and the network may be closed.
pub(super) fn deny(ci: &mut Ci) -> Result<Verdict> {
    let Some(program) = peers::find(&ci.workspace, "cargo-deny") else {
        return absent(ci, "cargo-deny");
    };
    let mut command = Command::new(program);
    command
        .arg("--manifest-path")
        .arg(ci.workspace.root().join("Cargo.toml"));
    command.args(["check", "--hide-inclusion-graph"]);
    run(command.args(["bans", "licenses", "sources"]))?;
    Ok(Verdict::Passed)
}

pub(super) fn package(ci: &mut Ci) -> Result<Verdict> {
    let mut command = cargo();
    // They were built and tested above; here it is about what goes into the archives.
    command.args(["package", "--no-verify", "--allow-dirty"]);
    for package in ci
        .workspace
        .packages()
        .iter()
        .filter(|package| package.is_published())
    {
        command.args(["--package", &package.name]);
    }
    run(&mut command)?;
    Ok(Verdict::Passed)
}

pub(super) fn coverage(ci: &mut Ci) -> Result<Verdict> {
    let coverage = Coverage::of(&super::read(&ci.workspace)?);
    print!("{}", coverage.table());
    match coverage.missing().as_slice() {
        [] => Ok(Verdict::Passed),
        open => Err(Error::new(format!(
            "open although their system is complete: {}",
            open.join(", ")
        ))),
    }
}

/// What git says of the checkout.
pub(super) fn status(workspace: &Workspace) -> Result<String> {
    output(
        Command::new("git")
            .args(["status", "--porcelain"])
            .current_dir(workspace.root()),
    )
}

pub(super) fn clean(ci: &mut Ci) -> Result<Verdict> {
    let after = status(&ci.workspace)?;
    let changed = after
        .lines()
        .filter(|line| !ci.before.lines().any(|old| old == *line));
    match changed.collect::<Vec<_>>().as_slice() {
        [] => Ok(Verdict::Passed),
        lines => Err(Error::new(format!(
            "the run changed the checkout:\n{}",
            lines.join("\n")
        ))),
    }
}

/// What a step says when its program is not here.
fn absent(ci: &Ci, name: &str) -> Result<Verdict> {
    let why = format!("{name} is not here; `cargo xtask peers {name}` installs it");
    if ci.settings.require_peers {
        Err(Error::new(why))
    } else {
        Ok(Verdict::Skipped(why))
    }
}
