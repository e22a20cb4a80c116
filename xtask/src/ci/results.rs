//! The results of the last run, kept for `coverage`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::libtest::TestResult;
use crate::error::{Context, Error, Result};
use crate::workspace::Workspace;

#[derive(Serialize, Deserialize)]
struct File {
    tests: Vec<TestResult>,
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.target().join("throughline/tests.json")
}

/// Writes the results to `target/throughline/tests.json`.
///
/// # Errors
/// If it cannot be written.
pub fn write(workspace: &Workspace, tests: &[TestResult]) -> Result<()> {
    let path = path(workspace);
    let directory = path.parent().expect("the path has two parts");
    std::fs::create_dir_all(directory)
        .context(|| format!("cannot make {}", directory.display()))?;
    let text = serde_json::to_string_pretty(&File {
        tests: tests.to_vec(),
    })
    .context(|| "the results are not JSON")?;
    std::fs::write(&path, text + "\n").context(|| format!("cannot write {}", path.display()))
}

/// Reads the results of the last `cargo xtask test`.
///
/// # Errors
/// If there was none, or its file cannot be read.
pub fn read(workspace: &Workspace) -> Result<Vec<TestResult>> {
    let path = path(workspace);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(
                "no tests have run here yet: `cargo xtask test` first",
            ));
        }
        Err(error) => return Err(error).context(|| format!("cannot read {}", path.display())),
    };
    let file = serde_json::from_str::<File>(&text);
    Ok(file
        .context(|| format!("{} is not what was written", path.display()))?
        .tests)
}
