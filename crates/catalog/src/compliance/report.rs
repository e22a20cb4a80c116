//! What a check has found.

use std::fmt;

/// A rule that a page can break.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Each line is of the format, each label is on a series once, each series and type on the page.
    Syntax,
    /// A family of the catalogue has a sample on the page.
    MissingFamily,
    /// A family on the page is in the catalogue, or has a prefix that is allowed.
    ExtraFamily,
    /// Counter, gauge or histogram, as the catalogue says.
    WrongType,
    /// There is a help text.
    MissingHelp,
    /// The label names are those of the catalogue.
    WrongLabels,
    /// The value of a closed label is one of its values.
    UnknownValue,
    /// A capped label has no more values than its cap allows, the overflow value not counted.
    CapExceeded,
    /// The value of a capped label is a template or a name, not what a client sent.
    ///
    /// What looks like a client's: a URL; a query (`?`), `@` or `%` in a path; and a path segment, or a
    /// whole value of a label called like a route (`endpoint`, `path_template`, …), that is a number, a
    /// UUID, hexadecimal of 8 characters or more with a digit among them, or 16 or more letters and
    /// digits with at least four digits. A segment in braces or after `:` or `*` is a template's. A
    /// value of another label that is no path is only a suspect if it is a UUID, an address with `@`, or
    /// 16 or more hexadecimal characters. [`Options::allow_value`](super::Options::allow_value) is for
    /// what only looks like it.
    RawPath,
    /// A histogram's buckets are those of the catalogue.
    WrongBuckets,
    /// No label that nobody can bound or that must not be seen, anywhere on the page.
    ForbiddenLabel,
    /// `le` is on a histogram's buckets, each with a number, and `quantile` on a summary's; on nothing
    /// else.
    ReservedLabel,
}

/// One broken rule: which family, which series, and what would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub(super) rule: Rule,
    pub(super) family: String,
    pub(super) series: Option<String>,
    pub(super) message: String,
}

impl Finding {
    /// The rule that is broken.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// The name of the family; empty for a line that belongs to none.
    #[must_use]
    pub fn family(&self) -> &str {
        &self.family
    }

    /// The first series that shows it.
    #[must_use]
    pub fn series(&self) -> Option<&str> {
        self.series.as_deref()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.family.is_empty() {
            write!(f, "family `{}`: ", self.family)?;
        }
        f.write_str(&self.message)?;
        match &self.series {
            Some(series) => write!(f, "; seen in {series}"),
            None => Ok(()),
        }
    }
}

/// All that a check has found: families in the order of the page, then those that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a report that nobody reads finds nothing"]
pub struct Report {
    pub(super) findings: Vec<Finding>,
}

impl Report {
    /// The findings; each once, however many series show it.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing was found.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// For tests: does nothing if nothing was found.
    ///
    /// # Panics
    /// If something was found, with all of it as the message.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "the page breaks its catalogue:\n{self}");
    }
}

/// A line for each finding.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}
