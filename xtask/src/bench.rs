//! `cargo xtask bench`: our layers and their peers in one run, as Markdown.
//!
//! The program is a workspace of its own under `tests/bench`, so that the peers stay out of our lock
//! file; here it is built, run and its tables kept.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
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
    let target = workspace.target().join("bench");
    let status = cargo()
        .args(["build", "--release", "--manifest-path"])
        .arg(workspace.root().join("tests/bench/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .stdin(Stdio::null())
        .status()
        .context(|| "cannot run cargo")?;
    if !status.success() {
        return Err(Error::new("the benchmark cannot be built"));
    }
    let kept = workspace.target().join("throughline");
    fs::create_dir_all(&kept).context(|| format!("cannot make {}", kept.display()))?;
    let mut program = Command::new(target.join("release/throughline-bench"));
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
