//! A reader for Prometheus text 0.0.4 and `OpenMetrics` 1.0 that goes on after a line it cannot read.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write};

#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) families: Vec<Family>,
    pub(super) faults: Vec<Fault>,
    by_name: HashMap<String, usize>,
}

#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) kind: Option<String>,
    pub(super) help: String,
    pub(super) samples: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
}

/// A line that is not of the format.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) why: String,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut seen = HashSet::new();
        // Not `lines()`: a carriage return is nothing special here.
        for (at, line) in text.split('\n').enumerate() {
            if let Err(why) = page.line(line, &mut seen) {
                page.faults.push(Fault { line: at + 1, why });
            }
        }
        page
    }

    fn line(&mut self, line: &str, seen: &mut HashSet<String>) -> Result<(), String> {
        if let Some(comment) = line.strip_prefix('#') {
            return self.comment(comment.trim_start());
        }
        if line.trim().is_empty() {
            return Ok(());
        }
        let sample = sample(line)?;
        let mut key = sample.clone();
        key.labels.sort();
        if !seen.insert(key.to_string()) {
            return Err(format!("the series {sample} is on the page twice"));
        }
        let at = self.family_of(&sample.name);
        let at = at.unwrap_or_else(|| self.open(&sample.name));
        self.families[at].samples.push(sample);
        Ok(())
    }

    fn comment(&mut self, comment: &str) -> Result<(), String> {
        let mut words = comment.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("HELP"), Some(name), help) => {
                let at = self.open(name);
                self.families[at].help = unescape(help.unwrap_or_default());
            }
            (Some("TYPE"), Some(name), Some(kind)) => {
                let at = self.open(name);
                let family = &mut self.families[at];
                if family.kind.is_some() || !family.samples.is_empty() {
                    return Err(format!(
                        "the type of `{name}` comes twice, or after a sample"
                    ));
                }
                family.kind = Some(kind.trim().to_owned());
            }
            (Some("TYPE"), ..) => return Err("a type needs a name and a kind".to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, name: &str) -> usize {
        *self.by_name.entry(name.to_owned()).or_insert_with(|| {
            self.families.push(Family {
                name: name.to_owned(),
                kind: None,
                help: String::new(),
                samples: Vec::new(),
            });
            self.families.len() - 1
        })
    }

    fn family_of(&self, sample: &str) -> Option<usize> {
        if let Some(at) = self.by_name.get(sample) {
            return Some(*at);
        }
        let (stem, suffix) = sample.rsplit_once('_')?;
        let at = *self.by_name.get(stem)?;
        let suffixes: &[&str] = match self.families[at].kind.as_deref()? {
            "counter" => &["total", "created"],
            "histogram" => &["bucket", "sum", "count", "created"],
            "summary" => &["sum", "count", "created"],
            "info" => &["info"],
            _ => &[],
        };
        suffixes.contains(&suffix).then_some(at)
    }
}

impl Sample {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let label = self.labels.iter().find(|(own, _)| own == name);
        label.map(|(_, value)| value.as_str())
    }
}

/// As on a page.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        for (at, (name, value)) in self.labels.iter().enumerate() {
            f.write_char(if at == 0 { '{' } else { ',' })?;
            write!(f, "{name}=\"")?;
            for c in value.chars() {
                match c {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    c => f.write_char(c)?,
                }
            }
            f.write_char('"')?;
        }
        f.write_char('}')
    }
}

fn sample(line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ', '\t']).ok_or("a sample has no value")?;
    let (name, mut rest) = line.split_at(end);
    if !is_name(name, true) {
        return Err(format!("{name:?} is no name of a sample"));
    }
    let mut labels = Vec::new();
    rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('{') {
        (labels, rest) = read_labels(inner)?;
    }
    // An exemplar follows a `#`; what is before it are numbers.
    let (numbers, exemplar) = match rest.split_once('#') {
        Some((numbers, exemplar)) => (numbers, Some(exemplar.trim_start())),
        None => (rest, None),
    };
    read_numbers(numbers)?;
    if let Some(exemplar) = exemplar {
        let inner = exemplar.strip_prefix('{');
        let (_, numbers) = read_labels(inner.ok_or("an exemplar has no labels")?)?;
        read_numbers(numbers)?;
    }
    Ok(Sample {
        name: name.to_owned(),
        labels,
    })
}

/// A value, and a time after it if there is one.
fn read_numbers(text: &str) -> Result<(), String> {
    let mut words = text.split_whitespace();
    let value = words.next().ok_or("a sample has no value")?;
    if number(value).is_none() {
        return Err(format!("{value:?} is no number"));
    }
    match (words.next(), words.next()) {
        (None, _) => Ok(()),
        (Some(time), None) if time.parse::<f64>().is_ok() => Ok(()),
        _ => Err("something follows the value".to_owned()),
    }
}

/// A number as both formats write it.
pub(super) fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        text => text.parse().ok(),
    }
}

type Labels = Vec<(String, String)>;

/// Labels up to the closing brace, and what follows it.
fn read_labels(mut rest: &str) -> Result<(Labels, &str), String> {
    let mut labels = Labels::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        let (name, after) = rest.split_once('=').ok_or("a label has no value")?;
        let name = name.trim();
        if !is_name(name, false) {
            return Err(format!("{name:?} is no name of a label"));
        }
        if labels.iter().any(|(own, _)| own == name) {
            return Err(format!("a series has the label `{name}` twice"));
        }
        let value = after.trim_start().strip_prefix('"');
        let value = value.ok_or_else(|| format!("the value of `{name}` is not quoted"))?;
        let end = closing_quote(value);
        let end = end.ok_or_else(|| format!("the value of `{name}` does not end"))?;
        labels.push((name.to_owned(), unescape(&value[..end])));
        rest = value[end + 1..].trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err("between two labels there is no comma".to_owned()),
        }
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })
}

fn is_name(name: &str, colons: bool) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some(c @ ('\\' | '"'))) => plain.push(c),
            // No escape: both characters are meant.
            ('\\', Some(other)) => plain.extend(['\\', other]),
            (c, _) => plain.push(c),
        }
    }
    plain
}
