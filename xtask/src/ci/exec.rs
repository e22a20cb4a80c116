//! Commands of steps: announced, run, and named when they fail.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::error::{Context, Error, Result};

/// The command as a person would type it.
pub(super) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let args = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(program)
        .chain(args)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command whose output goes where ours goes.
pub(super) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command
        .stdin(Stdio::null())
        .status()
        .context(|| format!("cannot run `{shown}`"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new(format!("`{shown}` failed ({status})")))
    }
}

/// Runs a command and returns what it wrote to standard output.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(|| format!("cannot run `{shown}`"))?;
    if !output.status.success() {
        return Err(Error::new(format!("`{shown}` failed ({})", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command, passes each line of its standard output on and shows it to `line`. Returns
/// whether it succeeded, and its status as text.
pub(super) fn follow(command: &mut Command, mut line: impl FnMut(&str)) -> Result<(bool, String)> {
    let shown = shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context(|| format!("cannot run `{shown}`"))?;
    let pipe = child.stdout.take().expect("stdout is a pipe");
    let mut pipe = BufReader::new(pipe);
    let mut raw = Vec::new();
    while pipe
        .read_until(b'\n', &mut raw)
        .context(|| format!("cannot read `{shown}`"))?
        > 0
    {
        // A reader that has gone away is no reason to stop testing.
        let _ = std::io::stdout().write_all(&raw);
        line(String::from_utf8_lossy(&raw).trim_end());
        raw.clear();
    }
    let status = child
        .wait()
        .context(|| format!("cannot wait for `{shown}`"))?;
    Ok((status.success(), status.to_string()))
}
