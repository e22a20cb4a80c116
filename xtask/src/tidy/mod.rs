//! `cargo xtask tidy`: the house against its rules.
//!
//! A rule looks at a [`Tree`] of texts, so that a test can show it a house in which it is broken.

mod blank;
mod house;
mod manifests;
mod sources;

use std::fmt;

use crate::error::{Context, Result};
use crate::workspace::Workspace;

/// The files of the workspace, by their path from its root.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: Vec<File>,
}

#[derive(Clone, Debug)]
struct File {
    path: String,
    text: String,
}

/// A rule that is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: usize,
    text: String,
    warning: bool,
}

impl Tree {
    /// Reads every file that is not ignored. One that is not text is known by its path alone.
    ///
    /// # Errors
    /// If the files cannot be listed or read.
    pub fn load(workspace: &Workspace) -> Result<Self> {
        let mut files = Vec::new();
        for path in workspace.files()? {
            let bytes = std::fs::read(workspace.root().join(&path))
                .context(|| format!("cannot read {}", path.display()))?;
            let path = path.to_string_lossy().into_owned();
            files.push(File {
                path,
                text: String::from_utf8(bytes).unwrap_or_default(),
            });
        }
        Ok(Self { files })
    }

    /// A tree of these paths and texts.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).into(),
            text: (*text).into(),
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }

    fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }
}

impl File {
    fn finding(&self, line: usize, text: impl Into<String>) -> Finding {
        Finding {
            path: self.path.clone(),
            line,
            text: text.into(),
            warning: false,
        }
    }

    /// A finding at the first line that has this text, or at the first of all.
    fn at(&self, needle: &str, text: impl Into<String>) -> Finding {
        let line = self
            .text
            .lines()
            .position(|line| line.contains(needle))
            .unwrap_or(0);
        self.finding(line + 1, text)
    }

    fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| extensions.contains(&extension))
    }
}

impl Finding {
    /// Whether it is told without being a fault.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        self.warning
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            text,
            warning,
        } = self;
        let warning = if *warning { "warning: " } else { "" };
        write!(f, "{path}:{line}: {warning}{text}")
    }
}

/// Everything that is not as it should be, in the order of the files.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = house::check(tree);
    findings.extend(manifests::check(tree));
    findings.extend(sources::check(tree));
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests;
