//! The comparison of a page with catalogues.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::page::{self, Family, Page, Sample};
use super::raw;
use super::{Finding, Options, Report, Rule};
use crate::check_name::{FORBIDDEN, FORBIDDEN_PARTS};
use crate::label::OVERFLOW;
use crate::{Catalogue, Desc, Kind, LabelDesc, Values};

pub(super) struct Comparison<'a> {
    options: &'a Options,
    // A family may be in several catalogues; then only its labels' values can differ.
    families: BTreeMap<&'static str, Vec<&'static Desc>>,
    forbidden: Vec<&'a str>,
    found: HashSet<(Rule, String, String)>,
    report: Report,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(catalogues: &[&'a Catalogue], options: &'a Options) -> Self {
        let mut families = BTreeMap::<_, Vec<_>>::new();
        for family in catalogues.iter().copied().flatten() {
            families.entry(family.name()).or_default().push(family);
        }
        let theirs = catalogues
            .iter()
            .flat_map(|catalogue| catalogue.forbidden());
        let ours = options.forbidden.iter().map(String::as_str);
        Self {
            options,
            families,
            forbidden: FORBIDDEN
                .iter()
                .chain(theirs)
                .copied()
                .chain(ours)
                .collect(),
            found: HashSet::new(),
            report: Report::default(),
        }
    }

    pub(super) fn run(mut self, page: &Page) -> Report {
        for fault in &page.faults {
            let message = format!("line {}: {}", fault.line, fault.why);
            self.find(Rule::Syntax, "", None, message);
        }
        let mut there = BTreeSet::new();
        for family in &page.families {
            for sample in &family.samples {
                self.labels_anywhere(family, sample);
            }
            let Some(descs) = self.descs(family) else {
                self.unknown(family);
                continue;
            };
            if !family.samples.is_empty() {
                there.insert(descs[0].name());
            }
            self.family(family, &descs);
        }
        self.missing(&there);
        self.report
    }

    /// The page's family in the catalogues. `OpenMetrics` names a counter without `_total`.
    fn descs(&self, family: &Family) -> Option<Vec<&'static Desc>> {
        let exact = self.families.get(family.name.as_str());
        let counter = family.kind.as_deref() == Some("counter");
        let total = || self.families.get(format!("{}_total", family.name).as_str());
        exact.or_else(|| counter.then(total).flatten()).cloned()
    }

    fn unknown(&mut self, family: &Family) {
        let name = &family.name;
        let prefixes = &self.options.prefixes;
        if family.samples.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            return;
        }
        let message = "is in no catalogue; declare it with `catalog!`, or allow its prefix";
        let series = family.samples.first();
        self.find(Rule::ExtraFamily, name, series, message.to_owned());
    }

    fn missing(&mut self, there: &BTreeSet<&str>) {
        let lacks = &self.options.may_lack;
        let missing: Vec<&str> = self
            .families
            .keys()
            .filter(|name| !there.contains(*name) && !lacks.iter().any(|own| own == *name))
            .copied()
            .collect();
        if self.options.may_lack_any {
            return;
        }
        for name in missing {
            let message = "is in the catalogue and has no sample on the page; drive what counts it, or \
                           make its series exist with `register_closed()`";
            self.find(Rule::MissingFamily, name, None, message.to_owned());
        }
    }

    /// What holds for every sample, whoever made it.
    fn labels_anywhere(&mut self, family: &Family, sample: &Sample) {
        for (label, value) in &sample.labels {
            let lower = label.to_ascii_lowercase();
            let part = FORBIDDEN_PARTS.iter().any(|part| lower.contains(part));
            if part || self.forbidden.contains(&lower.as_str()) {
                let message = format!("the label `{label}` is forbidden; use a span attribute");
                self.find(Rule::ForbiddenLabel, &family.name, Some(sample), message);
            }
            let right = match label.as_str() {
                "le" => is_bucket(family, sample),
                "quantile" => {
                    family.kind.as_deref() == Some("summary") && sample.name == family.name
                }
                _ => true,
            };
            if !right {
                let message =
                    format!("the label `{label}` is the format's own; choose another name");
                self.find(Rule::ReservedLabel, &family.name, Some(sample), message);
            } else if label == "le" && page::number(value).is_none() {
                let message = format!("`le` is {value:?}, which is no number");
                self.find(Rule::ReservedLabel, &family.name, Some(sample), message);
            }
        }
        if is_bucket(family, sample) && sample.label("le").is_none() {
            let message = "a bucket has no `le`".to_owned();
            self.find(Rule::ReservedLabel, &family.name, Some(sample), message);
        }
    }

    fn family(&mut self, family: &Family, descs: &[&'static Desc]) {
        let desc = descs[0];
        let name = desc.name();
        if family.help.trim().is_empty() {
            let message =
                "has no `# HELP`; call the catalogue's `describe()` once the recorder is there";
            self.find(Rule::MissingHelp, name, None, message.to_owned());
        }
        let kind = family.kind.as_deref().unwrap_or("untyped");
        if kind != desc.kind().as_str() {
            let advice = match (desc.kind(), kind) {
                (Kind::Histogram, "summary") => "; give the exporter the buckets of the catalogue",
                _ => "; somebody else uses the name, or the exporter does not know the type",
            };
            let message = format!("is a {kind}, not a {}{advice}", desc.kind());
            self.find(Rule::WrongType, name, family.samples.first(), message);
            return;
        }
        for sample in &family.samples {
            self.label_names(desc, sample);
            for label in desc.labels() {
                self.label_value(descs, label, sample);
            }
        }
        for label in desc.labels() {
            self.cap(family, descs, label);
        }
        if let Some(bounds) = desc.buckets() {
            self.buckets(family, desc, bounds);
        }
    }

    fn label_names(&mut self, desc: &Desc, sample: &Sample) {
        let own: BTreeSet<&str> = desc.labels().iter().map(LabelDesc::name).collect();
        let there: BTreeSet<&str> = sample
            .labels
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let others = &self.options.global_labels;
        let allowed = |name: &str| name == "le" || others.iter().any(|global| global == name);
        let missing: Vec<&str> = own.difference(&there).copied().collect();
        let extra = there.difference(&own).copied();
        let extra: Vec<&str> = extra.filter(|name| !allowed(name)).collect();
        for (names, what, advice) in [
            (missing, "lacks", "; somebody else records under the name"),
            (
                extra,
                "has",
                ", which the catalogue has not; allow it with `global_label`, or take it out",
            ),
        ] {
            if !names.is_empty() {
                let names = names.join("`, `");
                let message = format!("a series {what} the label `{names}`{advice}");
                self.find(Rule::WrongLabels, desc.name(), Some(sample), message);
            }
        }
    }

    fn label_value(&mut self, descs: &[&'static Desc], label: &LabelDesc, sample: &Sample) {
        let name = label.name();
        let Some(value) = sample.label(name) else {
            return;
        };
        let family = descs[0].name();
        match values(descs, name) {
            Allowed::Closed(texts) if !texts.contains(&value) => {
                let texts = texts.join("`, `");
                let message = format!(
                    "the label `{name}` has the value {value:?}, which is none of `{texts}`; add it to the \
                     label, or map it to one of them",
                );
                self.find(Rule::UnknownValue, family, Some(sample), message);
            }
            Allowed::Capped(_) if value != OVERFLOW => {
                let allowed = &self.options.values;
                let Some(looks_like) = raw::suspect(name, value) else {
                    return;
                };
                if !allowed
                    .iter()
                    .any(|(label, own)| label == name && own == value)
                {
                    let message = format!(
                        "the label `{name}` has the value {value:?}, which looks like {looks_like}; use \
                         the template, or allow it with `allow_value`",
                    );
                    self.find(Rule::RawPath, family, Some(sample), message);
                }
            }
            _ => {}
        }
    }

    fn cap(&mut self, family: &Family, descs: &[&'static Desc], label: &LabelDesc) {
        let Allowed::Capped(cap) = values(descs, label.name()) else {
            return;
        };
        let texts = family
            .samples
            .iter()
            .filter_map(|sample| sample.label(label.name()));
        let texts: BTreeSet<&str> = texts.filter(|text| *text != OVERFLOW).collect();
        if cap < texts.len() {
            let message = format!(
                "the label `{}` has {} values, but its cap is {cap}; count through the catalogue",
                label.name(),
                texts.len(),
            );
            self.find(Rule::CapExceeded, descs[0].name(), None, message);
        }
    }

    fn buckets(&mut self, family: &Family, desc: &Desc, bounds: &[f64]) {
        let mut series = BTreeMap::<Vec<&(String, String)>, (Vec<f64>, &Sample)>::new();
        for sample in &family.samples {
            let labels = sample.labels.iter().filter(|(name, _)| name != "le");
            let mut labels: Vec<_> = labels.collect();
            labels.sort();
            let (there, _) = series.entry(labels).or_insert_with(|| (Vec::new(), sample));
            there.extend(sample.label("le").and_then(page::number));
        }
        let mut expected = bounds.to_vec();
        expected.push(f64::INFINITY);
        for (mut there, sample) in series.into_values() {
            there.sort_by(f64::total_cmp);
            if there != expected {
                let message = format!(
                    "the buckets are {there:?}, in the catalogue {expected:?}; set the exporter's from it",
                );
                self.find(Rule::WrongBuckets, desc.name(), Some(sample), message);
            }
        }
    }

    /// Each finding once, with the first series that shows it.
    fn find(&mut self, rule: Rule, family: &str, series: Option<&Sample>, message: String) {
        if self
            .found
            .insert((rule, family.to_owned(), message.clone()))
        {
            self.report.findings.push(Finding {
                rule,
                family: family.to_owned(),
                series: series.map(ToString::to_string),
                message,
            });
        }
    }
}

fn is_bucket(family: &Family, sample: &Sample) -> bool {
    let buckets = matches!(family.kind.as_deref(), Some("histogram" | "gaugehistogram"));
    buckets && sample.name.ends_with("_bucket")
}

enum Allowed {
    Closed(Vec<&'static str>),
    Capped(usize),
}

/// The values of a label, in whichever catalogue.
fn values(descs: &[&'static Desc], name: &str) -> Allowed {
    let mut closed = Vec::new();
    let mut capped = None;
    let labels = descs.iter().flat_map(|desc| desc.labels());
    for label in labels.filter(|label| label.name() == name) {
        match label.values() {
            Values::Closed(texts) => closed.extend_from_slice(texts),
            Values::Capped(cap) => capped = capped.max(Some(cap)),
        }
    }
    capped.map_or(Allowed::Closed(closed), Allowed::Capped)
}
