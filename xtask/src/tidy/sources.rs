//! Sources and texts: how a file opens, how long it is, what it may not say.

use std::collections::BTreeSet;

use super::blank::blank;
use super::{File, Finding, Tree};

/// A file with more lines is listed, so that it is split before it is a habit.
const LONG: usize = 450;

/// A crate's `lib.rs` is a table of contents.
const LIB: usize = 80;

/// What code may not call, and what to do instead.
const FORBIDDEN: [(&str, &str); 4] = [
    ("should_panic", "catch the panic and compare its text"),
    ("todo!", "write it"),
    ("unimplemented!", "write it"),
    ("dbg!", "take it out"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let directories = tree
        .files
        .iter()
        .filter_map(|file| Some(file.path.rsplit_once('/')?.0));
    let directories = directories.collect::<BTreeSet<_>>();
    for file in &tree.files {
        if file.has_extension(&["rs", "toml", "md", "proto", "sh", "yml", "yaml"]) {
            findings.extend(text(file));
        }
        if file.has_extension(&["rs"]) && !is_ui(file) {
            findings.extend(source(file));
            findings.extend(beside(file, &directories));
        }
    }
    findings
}

/// A case of a compile-fail test: its form is its content.
fn is_ui(file: &File) -> bool {
    file.path.split('/').any(|part| part == "ui")
}

fn text(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            findings.push(file.finding(at + 1, "blanks at the end of the line"));
        }
        if line.contains('\t') && !line.ends_with('\t') {
            findings.push(file.finding(at + 1, "a tab"));
        }
        if cites_number(line) {
            findings.push(file.finding(at + 1, "a number of an issue; say what it is about"));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(file.finding(file.text.lines().count(), "the last line does not end"));
    }
    findings
}

/// A reference to an entry in some tracker, which means nothing to a reader of the code.
fn cites_number(line: &str) -> bool {
    let line = line.to_lowercase();
    ["issue", "closes", "fixes", "pull request"]
        .iter()
        .any(|word| {
            line.match_indices(word).any(|(at, _)| {
                let rest = line[at + word.len()..].trim_start_matches([' ', 's']);
                rest.strip_prefix('#')
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
        })
}

fn source(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Attributes of the file, such as a test's `allow`, may stand before its documentation.
    let is_attribute = |line: &&str| line.starts_with("#![") && !line.starts_with("#![doc");
    let first = file.text.lines().find(|line| !is_attribute(line));
    let first = first.unwrap_or_default();
    if !first.starts_with("//!") && !first.starts_with("#![doc") {
        findings.push(file.finding(
            1,
            "the file does not open with a doc line that says what it is",
        ));
    }
    let code = blank(&file.text);
    for (at, line) in code.lines().enumerate() {
        for (word, instead) in FORBIDDEN {
            if has_word(line, word) {
                findings.push(file.finding(at + 1, format!("`{word}`: {instead}")));
            }
        }
    }
    let lines = file.text.lines().count();
    if lines > LONG {
        let text = format!("{lines} lines; more than {LONG} are hard to read");
        findings.push(Finding {
            warning: true,
            ..file.finding(1, text)
        });
    }
    let is_lib = file.path.starts_with("crates/") && file.path.ends_with("/src/lib.rs");
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    if is_lib && lines >= LIB {
        let text = format!("{lines} lines of code; lib.rs is a table of contents, below {LIB}");
        findings.push(file.finding(1, text));
    }
    findings
}

fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(part))
}

/// A module with children is `name/mod.rs`, not `name.rs` beside `name/`.
fn beside(file: &File, directories: &BTreeSet<&str>) -> Option<Finding> {
    let module = file.path.strip_suffix(".rs")?;
    // Cargo's own places: a test or program and the modules that it has in a directory beside it.
    let own = module.contains("/src/bin/") || !module.contains("/src/");
    let inner = format!("{module}/");
    let has_children = directories
        .iter()
        .any(|directory| *directory == module || directory.starts_with(&inner));
    (has_children && !own).then(|| {
        file.finding(
            1,
            format!("stands beside its directory; move it to {module}/mod.rs"),
        )
    })
}
