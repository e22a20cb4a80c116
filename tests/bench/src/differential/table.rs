//! The table: what each subject saw, beside what happened.

use std::collections::BTreeMap;
use std::fmt;

use super::rows::ROWS;
use super::subject::Subject;

/// What a subject says of a row that is none of its business.
pub const NOT_CLAIMED: &str = "—";

/// Row and subject to what was seen.
pub struct Table(BTreeMap<(usize, &'static str), String>);

impl Table {
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Takes the lines of a subject's process, one for each row.
    ///
    /// # Panics
    /// If there are more or fewer: then no line is known to be its row's.
    pub fn add<'a>(&mut self, subject: Subject, lines: impl Iterator<Item = &'a str>) {
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), ROWS.len(), "lines of {}", subject.name());
        for (row, seen) in lines.into_iter().enumerate() {
            self.0.insert((row, subject.name()), seen.to_owned());
        }
    }

    fn seen(&self, row: usize, subject: Subject) -> &str {
        &self.0[&(row, subject.name())]
    }

    /// The rows that a subject has wrong.
    pub fn wrong(&self, subject: Subject) -> Vec<String> {
        let rows = ROWS.iter().enumerate();
        let wrong = rows.filter_map(|(at, row)| {
            let seen = self.seen(at, subject);
            // We claim all of it.
            let is_exempt = seen == NOT_CLAIMED && subject != Subject::Ours;
            let is_right = seen == row.right || is_exempt;
            (!is_right).then(|| format!("{}: {}, not {seen}", row.what, row.right))
        });
        wrong.collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Subject::ALL.map(|subject| match subject.version() {
            Some(version) => format!("`{}` {version}", subject.name()),
            None => format!("`{}`", subject.name()),
        });
        writeln!(f, "| what happens | right is | {} |", names.join(" | "))?;
        writeln!(f, "|---|---|{}", "---|".repeat(names.len()))?;
        for (at, row) in ROWS.iter().enumerate() {
            write!(f, "| {} | {} |", row.what, row.right)?;
            for subject in Subject::ALL {
                match self.seen(at, subject) {
                    NOT_CLAIMED => write!(f, " {NOT_CLAIMED} |")?,
                    seen if seen == row.right => write!(f, " ✓ |")?,
                    seen => write!(f, " ✗ {seen} |")?,
                }
            }
            writeln!(f)?;
        }
        let claimed = |subject| {
            let rows = 0..ROWS.len();
            rows.filter(|row| self.seen(*row, subject) != NOT_CLAIMED)
                .count()
        };
        write!(f, "| **right, of those claimed** | |")?;
        for subject in Subject::ALL {
            let (all, wrong) = (claimed(subject), self.wrong(subject).len());
            write!(f, " **{} of {all}** |", all - wrong)?;
        }
        writeln!(f)
    }
}
