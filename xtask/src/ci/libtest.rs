//! What the test harness prints, read line by line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ran and passed.
    Passed,
    /// It ran and failed, or never said how it ended.
    Failed,
    /// It is ignored, or what it needs is not here.
    Skipped,
}

/// One test of one binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The package.
    pub package: String,
    /// The target: `lib`, a binary's or a test file's name, or `doc`.
    pub binary: String,
    /// The test's path in it.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Display for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            package,
            binary,
            name,
            outcome,
        } = self;
        let outcome = match outcome {
            Outcome::Passed => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        write!(f, "{package} ({binary}): {name} {outcome}")
    }
}

/// Reads the standard output of one or several test binaries.
#[derive(Debug, Default)]
pub(super) struct Reader {
    found: Vec<(String, Outcome)>,
    /// A test whose outcome stands on a later line, because something was printed between.
    open: Option<String>,
    /// What the block in progress announced, and where its results begin.
    announced: Option<(usize, usize)>,
    blocks: usize,
    problems: Vec<String>,
}

impl Reader {
    pub(super) fn line(&mut self, line: &str) {
        if let Some(number) = announced(line) {
            self.close();
            self.blocks += 1;
            self.announced = Some((number, self.found.len()));
        } else if line.starts_with("test result: ") {
            self.close();
        } else if self.announced.is_none() {
            // Outside of a block nothing is a result.
        } else if let Some((name, rest)) = test(line) {
            self.give_up();
            match outcome(rest) {
                Some(outcome) => self.found.push((name.to_owned(), outcome)),
                None => self.open = Some(name.to_owned()),
            }
        } else if let Some(outcome) = outcome(line)
            && let Some(name) = self.open.take()
        {
            self.found.push((name, outcome));
        }
    }

    /// A test that never told its end has failed as far as anybody knows.
    fn give_up(&mut self) {
        self.found
            .extend(self.open.take().map(|name| (name, Outcome::Failed)));
    }

    fn close(&mut self) {
        self.give_up();
        if let Some((number, from)) = self.announced.take() {
            let told = self.found.len() - from;
            if told != number {
                self.problems.push(format!(
                    "{number} tests were announced, {told} told their end"
                ));
            }
        }
    }

    /// The results, what could not be understood, and whether any block was announced.
    pub(super) fn finish(mut self) -> (Vec<(String, Outcome)>, Vec<String>, bool) {
        self.close();
        (self.found, self.problems, self.blocks > 0)
    }
}

/// `running 3 tests`.
fn announced(line: &str) -> Option<usize> {
    let number = line.strip_prefix("running ")?;
    number
        .strip_suffix(" tests")
        .or_else(|| number.strip_suffix(" test"))?
        .parse()
        .ok()
}

/// `test a::b ... ok` as `a::b` and `ok`; also `test a::b - should panic ... ok`.
fn test(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line
        .strip_prefix("test ")?
        .split_once(" ... ")
        .or_else(|| {
            // The outcome's line may have been cut after the dots.
            line.strip_prefix("test ")?
                .strip_suffix(" ...")
                .map(|name| (name, ""))
        })?;
    let path = name.split_once(" - ").map_or(name, |(path, _)| path);
    let is_path = |c: char| c.is_alphanumeric() || "_:".contains(c);
    if path.chars().all(is_path) {
        return Some((path, rest));
    }
    // A doc test: a file, an item and a line. What is under it has no such name.
    let is_doc = name.contains(".rs - ") || name.contains(".md - ");
    (is_doc && name.contains("(line ")).then_some((name, rest))
}

fn outcome(text: &str) -> Option<Outcome> {
    match text {
        "ok" => Some(Outcome::Passed),
        "FAILED" => Some(Outcome::Failed),
        text if text == "ignored" || text.starts_with("ignored,") => Some(Outcome::Skipped),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, expected: &[(&str, Outcome)], problems: &[&str]) {
        let mut reader = Reader::default();
        output.lines().for_each(|line| reader.line(line));
        let (found, told, _) = reader.finish();
        let found = found
            .iter()
            .map(|(name, outcome)| (name.as_str(), *outcome));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{output}");
        assert_eq!(told, problems, "{output}");
    }

    #[test]
    fn results_are_read() {
        use Outcome::{Failed, Passed, Skipped};
        check(
            "\nrunning 5 tests\ntest a::b ... ok\ntest c ... FAILED\ntest d ... ignored\n\
             test e ... ignored, needs a peer\ntest f - should panic ... ok\n\nfailures:\n\n\
             ---- c stdout ----\ntest x\n\ntest result: FAILED. 2 passed; 1 failed; 2 ignored\n",
            &[
                ("a::b", Passed),
                ("c", Failed),
                ("d", Skipped),
                ("e", Skipped),
                ("f", Passed),
            ],
            &[],
        );
        let doc = "crates/a/src/lib.rs - Family (line 7)";
        check(
            &format!("running 1 test\ntest {doc} ... ok\ntest result: ok. 1 passed\n"),
            &[(doc, Passed)],
            &[],
        );
        check("running 0 tests\n\ntest result: ok. 0 passed", &[], &[]);
        // Two blocks, as doc tests have.
        check(
            "running 1 test\ntest a ... ok\ntest result: ok.\nrunning 1 test\ntest b ... ok\n\
             test result: ok.\n",
            &[("a", Passed), ("b", Passed)],
            &[],
        );
    }

    #[test]
    fn noise_is_no_result() {
        use Outcome::Passed;
        // Compile-fail cases print lines of the same form.
        check(
            "test stray ... ok\nrunning 1 test\ntest tests/ui/label.rs ... ok\ntest ui ... ok\n\
             test result: ok. 1 passed\ntest late ... ok\n",
            &[("ui", Passed)],
            &[],
        );
        // Something was printed between a name and its outcome.
        check(
            "running 1 test\ntest a ... a child's line\nok\ntest result: ok. 1 passed\n",
            &[("a", Passed)],
            &[],
        );
    }

    #[test]
    fn an_end_that_is_missing_is_a_failure() {
        use Outcome::{Failed, Passed};
        check(
            "running 2 tests\ntest a ... ok\ntest b ... ",
            &[("a", Passed), ("b", Failed)],
            &[],
        );
        check(
            "running 2 tests\ntest a ... ok\nfatal runtime error: stack overflow",
            &[("a", Passed)],
            &["2 tests were announced, 1 told their end"],
        );
    }
}
