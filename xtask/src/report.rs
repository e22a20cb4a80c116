//! What a system promised and whether it held.

use std::time::Duration;

use serde::Serialize;

use crate::otlp::Span;

/// One thing that a system promises, under the numbers of the requirements that it comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Promise {
    /// Numbers such as `K4`.
    pub numbers: Vec<&'static str>,
    /// What is promised, as a sentence.
    pub text: String,
    /// Why it did not hold, if it did not.
    pub failure: Option<String>,
}

/// The outcome of one run of a system.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The system's name.
    pub system: &'static str,
    /// All promises in the order in which they were checked.
    pub promises: Vec<Promise>,
    /// What took how long, in seconds.
    pub timings: Vec<Timing>,
    /// The spans of the run's first trace.
    pub trace: Vec<Span>,
    /// Where everything listened.
    pub addresses: Vec<(String, String)>,
}

/// How long something took.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    /// What it was.
    pub what: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Report {
    /// A report without promises.
    #[must_use]
    pub const fn new(system: &'static str) -> Self {
        Self {
            system,
            promises: Vec::new(),
            timings: Vec::new(),
            trace: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// Notes whether a promise held.
    pub fn promise(
        &mut self,
        numbers: &[&'static str],
        text: impl Into<String>,
        held: Result<(), String>,
    ) {
        let failure = held.err();
        self.promises.push(Promise {
            numbers: numbers.to_vec(),
            text: text.into(),
            failure,
        });
    }

    /// Notes how long something took.
    pub fn took(&mut self, what: impl Into<String>, time: Duration) {
        self.timings.push(Timing {
            what: what.into(),
            seconds: time.as_secs_f64(),
        });
    }

    /// The promises that did not hold.
    pub fn failures(&self) -> impl Iterator<Item = &Promise> {
        self.promises
            .iter()
            .filter(|promise| promise.failure.is_some())
    }

    /// Each promise on a line, failures with their reason; `all N promises hold` if they do.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut out = String::new();
        for Promise {
            numbers,
            text,
            failure,
        } in &self.promises
        {
            let mark = if failure.is_none() { "ok  " } else { "FAIL" };
            out.push_str(&format!("{mark} {:<11} {text}\n", numbers.join(" ")));
            for line in failure.iter().flat_map(|why| why.lines()) {
                out.push_str(&format!("       {line}\n"));
            }
        }
        let (all, failed) = (self.promises.len(), self.failures().count());
        out.push_str(&match failed {
            0 => format!("all {all} promises hold\n"),
            _ => format!("{failed} of {all} promises do not hold\n"),
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_what_failed_and_why() {
        let mut report = Report::new("job-kernel");
        report.promise(&["K1", "K2"], "lines are JSON", Ok(()));
        assert_eq!(
            report.summary(),
            "ok   K1 K2       lines are JSON\nall 1 promises hold\n"
        );
        report.promise(&["K4"], "families are exact", Err("one\ntwo".to_owned()));
        assert_eq!(
            report.summary(),
            "ok   K1 K2       lines are JSON\nFAIL K4          families are exact\n       one\n       \
             two\n1 of 2 promises do not hold\n"
        );
        assert_eq!(report.failures().count(), 1);
    }
}
