//! `cargo xtask coverage`: requirement numbers against the tests that ran and passed.
//!
//! A test names its numbers at the beginning of its function's name, or of a module's that it is
//! in: `k4_families_are_exact`, `k1_k2_logs_join`, `w10a_nothing_is_lost`. A number counts only on
//! a test of its own system's package.

use std::fmt::Write as _;

use crate::ci::{Outcome, TestResult};
use crate::requirements::{PARTS, Part};

/// Which numbers are covered by what.
#[derive(Clone, Debug)]
pub struct Coverage {
    parts: Vec<(Part, Vec<Vec<String>>)>,
}

impl Coverage {
    /// Sorts test results under the numbers that they name.
    #[must_use]
    pub fn of(results: &[TestResult]) -> Self {
        let passed = results
            .iter()
            .filter(|result| result.outcome == Outcome::Passed);
        let passed = passed.collect::<Vec<_>>();
        let parts = PARTS.into_iter().map(|part| {
            let tests = part.numbers.iter().map(|(number, _)| {
                let of_system = passed.iter().filter(|result| result.package == part.system);
                let named = of_system
                    .filter(|result| numbers(&result.name).contains(&(*number).to_owned()));
                named
                    .map(|result| format!("{} ({})", result.name, result.binary))
                    .collect()
            });
            (part, tests.collect())
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// The open numbers of the systems whose example is complete.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let complete = self.parts.iter().filter(|(part, _)| part.complete);
        complete
            .flat_map(|(part, tests)| part.numbers.iter().zip(tests))
            .filter(|(_, tests)| tests.is_empty())
            .map(|((number, _), _)| *number)
            .collect()
    }

    /// A table for each system.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        for (part, tests) in &self.parts {
            let done = tests.iter().filter(|tests| !tests.is_empty()).count();
            let (letter, system, all) = (part.letter, part.system, tests.len());
            let complete = if part.complete {
                ""
            } else {
                ", not complete yet"
            };
            let _ = writeln!(out, "{letter} · {system}: {done} of {all}{complete}");
            for ((number, title), tests) in part.numbers.iter().zip(tests) {
                let shown = match tests.as_slice() {
                    [] => "open".to_owned(),
                    [one] => one.clone(),
                    [one, more @ ..] => format!("{one} and {} more", more.len()),
                };
                let _ = writeln!(out, "  {number:<5} {title:<50} {shown}");
            }
        }
        out
    }
}

/// The numbers that a test's path names.
#[must_use]
pub fn numbers(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for segment in path.split("::") {
        for word in segment.split('_') {
            let Some(number) = number(word) else { break };
            if !found.contains(&number) {
                found.push(number);
            }
        }
    }
    found
}

/// `k4` as `K4`, `w10a` as `W10a`; anything else is no number.
fn number(word: &str) -> Option<String> {
    let mut chars = word.chars();
    let letter = chars.next().filter(|letter| "kabwc".contains(*letter))?;
    let rest = chars.as_str();
    let digits = rest.trim_end_matches('a');
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && rest.len() - digits.len() <= 1)
        .then(|| format!("{}{rest}", letter.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_at_the_beginning_of_a_name() {
        #[track_caller]
        fn check(path: &str, expected: &[&str]) {
            assert_eq!(numbers(path), expected, "{path}");
        }
        check("k4_families_are_exact", &["K4"]);
        check("smoke::k1_k2_logs_join", &["K1", "K2"]);
        check("k10::events_in_order", &["K10"]);
        check("k1::k1_k6_golden", &["K1", "K6"]);
        check("w10a_nothing_is_lost", &["W10a"]);
        check("w10_nothing_shows", &["W10"]);
        check("k7", &["K7"]);
        check("families_of_k4", &[]);
        check("keeps_k4", &[]);
        check("k_4", &[]);
        check("k4x_is_none", &[]);
        check("w10aa_is_none", &[]);
        check("x1_is_none", &[]);
        check("", &[]);
    }

    fn result(package: &str, name: &str, outcome: Outcome) -> TestResult {
        TestResult {
            package: package.to_owned(),
            binary: "it".to_owned(),
            name: name.to_owned(),
            outcome,
        }
    }

    #[test]
    fn a_number_counts_on_its_own_system_and_when_it_passed() {
        let all = (1..=10).map(|n| result("job-kernel", &format!("k{n}_x"), Outcome::Passed));
        let mut results = all.collect::<Vec<_>>();
        assert!(Coverage::of(&results).missing().is_empty());

        results[1].outcome = Outcome::Failed;
        results[2].outcome = Outcome::Skipped;
        results[3].package = "throughline-catalog".to_owned();
        results.remove(4);
        let coverage = Coverage::of(&results);
        assert_eq!(coverage.missing(), ["K2", "K3", "K4", "K5"]);
        let table = coverage.table();
        assert!(table.starts_with("K · job-kernel: 6 of 10\n"), "{table}");
        assert!(
            table
                .lines()
                .any(|line| line.contains(" K1 ") && line.ends_with("k1_x (it)"))
        );
        assert!(
            table
                .lines()
                .any(|line| line.contains(" K2 ") && line.ends_with("open"))
        );
    }

    #[test]
    fn k1_is_not_k10() {
        let coverage = Coverage::of(&[result("job-kernel", "k10_x", Outcome::Passed)]);
        assert!(coverage.missing().contains(&"K1"));
        assert!(!coverage.missing().contains(&"K10"));
    }
}
