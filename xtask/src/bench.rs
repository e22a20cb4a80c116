//! `cargo xtask bench`: our layers and their peers in one run, as Markdown.
//!
//! The program is a workspace of its own under `tests/bench`, so that the peers stay out of our lock
//! file; here it is built, run and its tables kept.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use crate::error::{Context, Error, Result};
use crate::workspace::{Workspace, cargo};

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Few rounds and no instructions.
    pub quick: bool,
    /// Only what each row emits.
    pub evidence: bool,
    /// Groups and rows whose name contains one of these; all if there is none.
    pub filters: Vec<String>,
}

/// Runs the command. The tables go to standard output and, of a whole run, to
/// `target/throughline/bench.md`; callgrind's profiles lie beside it.
///
/// # Errors
/// If the program cannot be built or started, or the file cannot be written.
pub fn run(settings: &Settings) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    let program = built(&workspace, Profile::Release)?;
    let kept = workspace.target().join("throughline");
    fs::create_dir_all(&kept).context(|| format!("cannot make {}", kept.display()))?;
    let mut program = Command::new(program);
    program.arg("--profiles").arg(kept.join("callgrind"));
    if settings.evidence {
        program.arg("--evidence");
    }
    if settings.quick {
        program.arg("--quick");
    }
    // After the options: a filter is whatever does not look like one.
    program.args(&settings.filters);
    let path = kept.join("bench.md");
    let whole = !settings.evidence && settings.filters.is_empty();
    let file = whole.then(|| File::create(&path)).transpose();
    let code = show(
        program,
        file.context(|| format!("cannot write {}", path.display()))?,
    )?;
    if whole {
        eprintln!("written to {}", path.display());
    }
    Ok(code)
}

/// Where the peers are held against ours; users read it there.
const PEERS_PAGE: &str = "crates/grpc/PEERS.md";

/// What each gRPC peer and ours make of the same calls, as a page that users read. With `check` it is
/// not written, but held against what is there.
///
/// # Errors
/// If the program cannot be built or started, or the page cannot be read or written.
pub fn differential(check: bool) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    // Nothing is timed, and the release build takes long.
    let output = Command::new(built(&workspace, Profile::Dev)?)
        .arg("--differential")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(|| "cannot start the benchmark")?;
    let page = String::from_utf8_lossy(&output.stdout);
    print!("{page}");
    if !output.status.success() {
        return Ok(ExitCode::FAILURE);
    }
    let path = workspace.root().join(PEERS_PAGE);
    if !check {
        fs::write(&path, &*page).context(|| format!("cannot write {PEERS_PAGE}"))?;
        eprintln!("written to {PEERS_PAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let written = fs::read_to_string(&path).context(|| format!("cannot read {PEERS_PAGE}"))?;
    if written == page {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{PEERS_PAGE} is not as it would be written");
    for change in changes(&written, &page) {
        eprintln!("{change}");
    }
    Ok(ExitCode::FAILURE)
}

/// The lines that are only in one of the two pages.
fn changes(written: &str, now: &str) -> Vec<String> {
    let beyond = |lines: &str, others: &str, what: &str| {
        let others: Vec<_> = others.lines().collect();
        let only = lines.lines().filter(|line| !others.contains(line));
        only.map(|line| format!("{what}: {line}"))
            .collect::<Vec<_>>()
    };
    let mut changes = beyond(written, now, "is no longer so");
    changes.extend(beyond(now, written, "is so now"));
    changes
}

#[derive(Clone, Copy, Debug)]
enum Profile {
    Dev,
    Release,
}

/// Builds the program and says where it lies.
fn built(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let (profile, directory) = match profile {
        Profile::Dev => ("dev", "debug"),
        Profile::Release => ("release", "release"),
    };
    let target = workspace.target().join("bench");
    let status = cargo()
        .args(["build", "--profile", profile, "--manifest-path"])
        .arg(workspace.root().join("tests/bench/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .stdin(Stdio::null())
        .status()
        .context(|| "cannot run cargo")?;
    if !status.success() {
        return Err(Error::new("the benchmark cannot be built"));
    }
    Ok(target.join(directory).join("throughline-bench"))
}

/// Runs a program whose standard output goes where ours goes, and to the file too.
fn show(mut program: Command, mut file: Option<File>) -> Result<ExitCode> {
    let mut child = program
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context(|| "cannot start the benchmark")?;
    let pipe = child.stdout.take().expect("stdout is a pipe");
    for line in BufReader::new(pipe).lines() {
        let line = line.context(|| "cannot read the benchmark")?;
        println!("{line}");
        if let Some(file) = &mut file {
            writeln!(file, "{line}").context(|| "cannot write the tables")?;
        }
    }
    let status = child.wait().context(|| "cannot wait for the benchmark")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::changes;

    #[test]
    fn a_page_that_changed_is_told_both_ways() {
        let page = "head\n| a | ✗ OK |\n| b | ✓ |\n";
        assert!(changes(page, page).is_empty());
        let now = page.replace("✗ OK", "✓");
        assert_eq!(
            changes(page, &now),
            ["is no longer so: | a | ✗ OK |", "is so now: | a | ✓ |"]
        );
    }
}
