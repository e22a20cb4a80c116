//! `cargo xtask test`: everything that CI runs, in its order, each step announced and timed.

mod exec;
mod libtest;
mod results;
mod steps;
mod suites;

pub use libtest::{Outcome, TestResult};
pub use results::{read, write};

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::peers;
use crate::workspace::Workspace;

/// What the command line asks for.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether missing foreign software is a failure.
    pub require_peers: bool,
    /// Only these steps; all of them if empty.
    pub only: Vec<String>,
}

/// What the steps share.
struct Ci {
    workspace: Workspace,
    settings: Settings,
    /// What git said of the checkout before anything ran.
    before: String,
    results: Vec<TestResult>,
    /// What was left out, and why.
    skipped: Vec<String>,
}

/// A step that did not fail.
enum Verdict {
    Passed,
    /// Left out, and why.
    Skipped(String),
    /// Its tests are counted one by one, the step itself is not. So many have failed.
    Suite(usize),
}

struct Step {
    name: &'static str,
    run: fn(&mut Ci) -> Result<Verdict>,
}

const STEPS: [Step; 15] = [
    Step {
        name: "fmt",
        run: steps::fmt,
    },
    Step {
        name: "clippy",
        run: steps::clippy,
    },
    Step {
        name: "features",
        run: steps::features,
    },
    Step {
        name: "docs",
        run: steps::docs,
    },
    Step {
        name: "tests",
        run: suites::tests,
    },
    Step {
        name: "doctests",
        run: suites::doctests,
    },
    Step {
        name: "release",
        run: suites::release,
    },
    Step {
        name: "brokers",
        run: suites::brokers,
    },
    Step {
        name: "fuzz",
        run: steps::fuzz,
    },
    Step {
        name: "tidy",
        run: steps::tidy,
    },
    Step {
        name: "catalog",
        run: steps::catalog,
    },
    Step {
        name: "deny",
        run: steps::deny,
    },
    Step {
        name: "package",
        run: steps::package,
    },
    Step {
        name: "coverage",
        run: steps::coverage,
    },
    Step {
        name: "clean",
        run: steps::clean,
    },
];

/// Runs the steps. The last line that is printed is `tests: N passed, M failed, K skipped`; it
/// counts each test, and as one each step that is no suite of tests.
///
/// # Errors
/// If the workspace cannot be read or a step's name is unknown. A failing step is no error here: it
/// is told and makes the exit code.
pub fn run(settings: Settings) -> Result<ExitCode> {
    for name in &settings.only {
        if !STEPS.iter().any(|step| step.name == name) {
            let known = STEPS.map(|step| step.name).join(", ");
            return Err(Error::new(format!(
                "there is no step `{name}`; there are: {known}"
            )));
        }
    }
    let workspace = Workspace::load()?;
    println!(
        "foreign software is looked for in {}",
        peers::directory(&workspace).display()
    );
    let before = steps::status(&workspace)?;
    let mut ci = Ci {
        workspace,
        settings,
        before,
        results: Vec::new(),
        skipped: Vec::new(),
    };

    let chosen = STEPS
        .iter()
        .filter(|step| {
            ci.settings.only.is_empty() || ci.settings.only.iter().any(|n| n == step.name)
        })
        .collect::<Vec<_>>();
    let mut tally = Tally::default();
    let mut times = Vec::new();
    for (at, step) in chosen.iter().enumerate() {
        println!("\n==> {} ({} of {})", step.name, at + 1, chosen.len());
        let begun = Instant::now();
        let outcome = (step.run)(&mut ci);
        let took = begun.elapsed();
        let told = tally.note(&mut ci, step.name, outcome);
        println!("<== {}: {told}, {}", step.name, seconds(took));
        times.push((step.name, told, took));
    }
    tally.count(&ci.results);

    println!("\n{:<10} {:>9}", "step", "time");
    for (name, told, took) in &times {
        println!("{name:<10} {:>9}  {told}", seconds(*took));
    }
    let total = times.iter().map(|(.., took)| *took).sum();
    println!("{:<10} {:>9}", "all", seconds(total));
    list("skipped", &ci.skipped);
    list("failed", &tally.failures);
    println!("\n{}", tally.line());
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn list(what: &str, entries: &[String]) {
    if !entries.is_empty() {
        println!("\n{what}:");
    }
    for entry in entries {
        println!("  {entry}");
    }
}

/// What passed, failed and was left out.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
    failures: Vec<String>,
}

impl Tally {
    fn note(&mut self, ci: &mut Ci, name: &str, outcome: Result<Verdict>) -> String {
        match outcome {
            Ok(Verdict::Passed) => {
                self.passed += 1;
                "ok".to_owned()
            }
            Ok(Verdict::Suite(0)) => "ok".to_owned(),
            Ok(Verdict::Suite(failed)) => format!("{failed} FAILED"),
            Ok(Verdict::Skipped(why)) => {
                self.skipped += 1;
                ci.skipped.push(format!("{name}: {why}"));
                "skipped".to_owned()
            }
            Err(error) => {
                println!("{error}");
                self.failed += 1;
                self.failures.push(format!("{name}: {error}"));
                "FAILED".to_owned()
            }
        }
    }

    fn count(&mut self, results: &[TestResult]) {
        for result in results {
            match result.outcome {
                Outcome::Passed => self.passed += 1,
                Outcome::Skipped => self.skipped += 1,
                Outcome::Failed => {
                    self.failed += 1;
                    self.failures.push(result.to_string());
                }
            }
        }
    }

    fn line(&self) -> String {
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        format!("tests: {passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_tests_and_steps() {
        let result = |outcome| TestResult {
            package: "p".to_owned(),
            binary: "it".to_owned(),
            name: "t".to_owned(),
            outcome,
        };
        let mut tally = Tally {
            passed: 3,
            ..Tally::default()
        };
        assert_eq!(tally.line(), "tests: 3 passed, 0 failed, 0 skipped");
        tally.count(&[Outcome::Passed, Outcome::Failed, Outcome::Skipped].map(result));
        assert_eq!(tally.line(), "tests: 4 passed, 1 failed, 1 skipped");
        assert_eq!(tally.failures, ["p (it): t FAILED"]);
    }
}
