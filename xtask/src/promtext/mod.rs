//! Prometheus text format (0.0.4), read strictly enough that a page it accepts is a page.

use std::collections::BTreeSet;

use crate::error::{Error, Result};

/// A metrics page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    families: Vec<Family>,
    text: String,
}

/// One family: what `# TYPE` opened and the samples below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its name, without the `_bucket`, `_sum` and `_count` of its samples.
    pub name: String,
    /// `counter`, `gauge`, `histogram`, `summary` or `untyped`.
    pub kind: String,
    /// The text of `# HELP`, unescaped; empty without one.
    pub help: String,
    /// Its samples in the page's order.
    pub samples: Vec<Sample>,
}

/// One line of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The full name, such as `x_seconds_bucket`.
    pub name: String,
    /// The labels in the page's order.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// Names the line that is not of the format, a family that is opened twice, and a sample that
    /// appears twice.
    pub fn parse(text: &str) -> Result<Self> {
        let mut page = Self {
            families: Vec::new(),
            text: text.to_owned(),
        };
        let mut seen = BTreeSet::new();
        for (at, line) in text.lines().enumerate() {
            page.line(line, &mut seen)
                .map_err(|why| Error::new(format!("line {}: {why}: {line:?}", at + 1)))?;
        }
        Ok(page)
    }

    fn line(&mut self, line: &str, seen: &mut BTreeSet<String>) -> Result<(), String> {
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.trim_start().splitn(3, ' ');
            match (words.next(), words.next(), words.next()) {
                (Some("HELP"), Some(name), help) => {
                    self.open(name).help = unescape(help.unwrap_or_default());
                }
                (Some("TYPE"), Some(name), Some(kind)) => {
                    let family = self.open(name);
                    if family.kind != "untyped" || !family.samples.is_empty() {
                        return Err(format!("`{name}` is opened twice"));
                    }
                    kind.clone_into(&mut family.kind);
                }
                (Some("TYPE"), ..) => return Err("a type needs a name and a kind".to_owned()),
                _ => {}
            }
            return Ok(());
        }
        if line.trim().is_empty() {
            return Ok(());
        }
        let sample = sample(line)?;
        let mut key = sample.labels.clone();
        key.sort();
        if !seen.insert(format!("{}{key:?}", sample.name)) {
            return Err("the same series twice".to_owned());
        }
        let at = self.family_of(&sample.name);
        match at {
            Some(at) => self.families[at].samples.push(sample),
            None => {
                let name = sample.name.clone();
                self.open(&name).samples.push(sample);
            }
        }
        Ok(())
    }

    fn open(&mut self, name: &str) -> &mut Family {
        let at = self
            .families
            .iter()
            .position(|family| family.name == name)
            .unwrap_or_else(|| {
                self.families.push(Family {
                    name: name.to_owned(),
                    kind: "untyped".to_owned(),
                    help: String::new(),
                    samples: Vec::new(),
                });
                self.families.len() - 1
            });
        &mut self.families[at]
    }

    fn family_of(&self, sample: &str) -> Option<usize> {
        let exact = self
            .families
            .iter()
            .position(|family| family.name == sample);
        exact.or_else(|| {
            self.families.iter().position(|family| {
                let suffixes: &[&str] = match family.kind.as_str() {
                    "histogram" => &["_bucket", "_sum", "_count"],
                    "summary" => &["_sum", "_count"],
                    _ => &[],
                };
                sample
                    .strip_prefix(family.name.as_str())
                    .is_some_and(|suffix| suffixes.contains(&suffix))
            })
        })
    }

    /// All families in the page's order.
    #[must_use]
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The family of this name.
    #[must_use]
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.name == name)
    }

    /// The page as it was.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sum of all samples of this full name (such as `x_seconds_count`) that have these labels;
    /// 0 if there are none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.families
            .iter()
            .flat_map(|family| &family.samples)
            .filter(|sample| sample.name == name && sample.has(labels))
            .map(|sample| sample.value)
            .sum()
    }
}

impl Family {
    /// The names of the labels on its samples, without `le` and `quantile`.
    #[must_use]
    pub fn labels(&self) -> BTreeSet<&str> {
        let names = self.samples.iter().flat_map(|sample| &sample.labels);
        let names = names.map(|(name, _)| name.as_str());
        let own = match self.kind.as_str() {
            "histogram" => "le",
            "summary" => "quantile",
            _ => "",
        };
        names.filter(|name| *name != own).collect()
    }
}

impl Sample {
    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it has all of these labels.
    #[must_use]
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels
            .iter()
            .all(|(name, value)| self.label(name) == Some(value))
    }
}

fn sample(line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ']).ok_or("a sample needs a value")?;
    let name = &line[..end];
    if !is_name(name, true) {
        return Err(format!("{name:?} is not a name"));
    }
    let mut rest = &line[end..];
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        (labels, rest) = labels_of(inner)?;
    }
    // An exemplar is OpenMetrics; it follows a `#` after the value.
    let rest = rest.split('#').next().unwrap_or_default();
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("a sample needs a value")?;
    let value = match value {
        "+Inf" | "Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text
            .parse()
            .map_err(|_| format!("{text:?} is not a value"))?,
    };
    if words
        .next()
        .is_some_and(|time| time.parse::<f64>().is_err())
        || words.next().is_some()
    {
        return Err("something follows the value".to_owned());
    }
    Ok(Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

type Labels = Vec<(String, String)>;

/// Labels up to the closing brace, and what follows it.
fn labels_of(mut rest: &str) -> Result<(Labels, &str), String> {
    let mut labels = Labels::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let (name, value) = rest
            .split_once("=\"")
            .ok_or("a label needs a quoted value")?;
        let name = name.trim();
        if !is_name(name, false) {
            return Err(format!("{name:?} is not a label's name"));
        }
        if labels.iter().any(|(own, _)| own == name) {
            return Err(format!("the label {name:?} twice"));
        }
        let mut escaped = false;
        let end = value
            .find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })
            .ok_or("a label's value is not closed")?;
        labels.push((name.to_owned(), unescape(&value[..end])));
        rest = value[end + 1..].trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest,
            None if rest.starts_with('}') => rest,
            None => return Err("a comma or a brace must follow a label".to_owned()),
        };
    }
}

fn is_name(name: &str, colons: bool) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
