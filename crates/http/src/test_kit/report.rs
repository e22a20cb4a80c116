//! What the kit has found.

use std::fmt;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Check {
    /// A request that is answered, and whose answer is read to its end.
    Plain,
    /// A `HEAD`, whose body no server reads.
    Head,
    /// A client that goes away before the head.
    CancelBeforeHead,
    /// A client that goes away within the body.
    CancelInBody,
    /// A response that is counted when it has ended, and is in flight until then.
    Stream,
    /// A handler that panics.
    Panic,
    /// Paths and queries that a client invents.
    Paths,
    /// Methods that a client invents.
    Methods,
    /// `Host` and the headers that stand for it, as a client invents them.
    Hosts,
}

impl Check {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain request",
            Self::Head => "HEAD",
            Self::CancelBeforeHead => "cancelled before the head",
            Self::CancelInBody => "cancelled within the body",
            Self::Stream => "stream",
            Self::Panic => "panic",
            Self::Paths => "invented paths",
            Self::Methods => "invented methods",
            Self::Hosts => "spoofed hosts",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that is not counted as it should be.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(super) check: Check,
    pub(super) sent: String,
    pub(super) counted: String,
    pub(super) expected: String,
}

impl Finding {
    /// What it is about.
    #[must_use]
    pub const fn check(&self) -> Check {
        self.check
    }

    /// What was sent.
    #[must_use]
    pub fn sent(&self) -> &str {
        &self.sent
    }

    /// What was counted then.
    #[must_use]
    pub fn counted(&self) -> &str {
        &self.counted
    }

    /// What should have been.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            check,
            sent,
            counted,
            expected,
        } = self;
        write!(
            f,
            "{check}: sent {sent}; counted {counted}; expected {expected}"
        )
    }
}

/// What a [`TestKit`](super::TestKit) has found, and what it could not look at.
#[derive(Clone, Debug, Default)]
#[must_use = "a report that nobody reads finds nothing"]
pub struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) skipped: Vec<(Check, &'static str)>,
}

impl Report {
    /// What is not counted as it should be, in the order of the checks.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The checks that were not made, or only in part, and why.
    #[must_use]
    pub fn skipped(&self) -> &[(Check, &'static str)] {
        &self.skipped
    }

    /// Whether there is no finding. A check that was skipped is none.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// # Panics
    /// With the whole report, if there is a finding.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }

    /// # Panics
    /// With the whole report, if there is a finding or a check was skipped.
    #[track_caller]
    pub fn assert_complete(&self) {
        assert!(self.is_clean() && self.skipped.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} findings", self.findings.len())?;
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        for (check, why) in &self.skipped {
            writeln!(f, "  {check}: skipped, {why}")?;
        }
        Ok(())
    }
}
