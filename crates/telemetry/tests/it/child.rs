//! Scenarios in processes of their own.

use std::{
    env,
    process::{Command, Output},
};

const MARK: &str = "THROUGHLINE_SCENARIO";

/// What a scenario's process left behind.
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) success: bool,
}

/// In the parent: runs the test of this name again, in a process with these variables, and returns
/// what it left. In that process: `None`, so that the test goes on to do what the scenario is.
pub(crate) fn run_again(test: &str, variables: &[(&str, &str)]) -> Option<Ended> {
    if env::var_os(MARK).is_some() {
        return None;
    }
    let binary = env::current_exe().expect("the test binary has a path");
    let mut command = Command::new(binary);
    command
        .args(["--exact", test, "--nocapture", "--quiet"])
        .env(MARK, "1");
    for name in [
        "RUST_LOG",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("the output is text");
    Some(Ended {
        stdout: text(stdout),
        stderr: text(stderr),
        success: status.success(),
    })
}

impl Ended {
    /// The log lines, which stand between those of the test runner.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.stdout.lines().filter(|line| line.starts_with('{'))
    }

    #[track_caller]
    pub(crate) fn succeeded(&self) {
        assert!(self.success, "{}\n{}", self.stdout, self.stderr);
    }
}
