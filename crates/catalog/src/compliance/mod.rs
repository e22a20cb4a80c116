//! Holds a metrics page against the catalogues: what a service's compliance test calls.

mod compare;
mod page;
mod raw;
mod report;

use self::compare::Comparison;
use self::page::Page;
pub use self::report::{Finding, Report, Rule};
use crate::Catalogue;

/// Compares a metrics page, Prometheus text 0.0.4 or `OpenMetrics`, with all catalogues whose families
/// are on it.
///
/// What is found is listed at [`Rule`]. Run it on a page from a service that has been driven: what has
/// never been counted is not on it, unless [`Catalogue::register_closed`] has made it exist.
///
/// ```
/// use throughline_catalog::compliance::{Options, Rule, check};
/// use throughline_catalog::{catalog, label};
///
/// label! { pub enum Ending { Done = "done", Failed = "failed" } }
/// label! { pub struct Route: Capped<100>; }
/// catalog! { pub mod shop, budget 1_000;
///     /// Requests served.
///     counter shop_requests_total { path_template: Route, ending: Ending };
///     /// Orders waiting.
///     gauge shop_orders_waiting {};
/// }
///
/// // From `GET /metrics` of the service.
/// let page = r#"
/// ## HELP shop_requests_total Requests served.
/// ## TYPE shop_requests_total counter
/// shop_requests_total{path_template="/orders/{id}",ending="done"} 5
/// ## HELP shop_orders_waiting Orders waiting.
/// ## TYPE shop_orders_waiting gauge
/// shop_orders_waiting 2
/// ## TYPE process_start_time_seconds gauge
/// process_start_time_seconds 1790000000
/// "#;
/// check(&[shop::CATALOGUE], page, &Options::new()).assert_clean();
///
/// let page = page.replace("/orders/{id}", "/orders/4711").replace("done", "lost");
/// let report = check(&[shop::CATALOGUE], &page, &Options::new());
/// let rules: Vec<Rule> = report.findings().iter().map(|finding| finding.rule()).collect();
/// assert_eq!(rules, [Rule::RawPath, Rule::UnknownValue]);
/// let says = report.findings()[1].to_string();
/// assert!(says.starts_with("family `shop_requests_total`: the label `ending` has the value \"lost\""));
/// ```
pub fn check(catalogues: &[&Catalogue], page: &str, options: &Options) -> Report {
    Comparison::new(catalogues, options).run(&Page::read(page))
}

impl Catalogue {
    /// Compares a metrics page with this catalogue alone, as [`check`] does with [`Options::new`].
    pub fn check(&self, page: &str) -> Report {
        check(&[self], page, &Options::new())
    }
}

/// What [`check`] lets pass. By default other families may begin with `process_`, `throughline_` or
/// `target_info` only, and every family of the catalogues has to be there.
#[derive(Clone, Debug)]
#[must_use = "these are options for `check`"]
pub struct Options {
    prefixes: Vec<String>,
    may_lack: Vec<String>,
    may_lack_any: bool,
    global_labels: Vec<String>,
    forbidden: Vec<String>,
    values: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The default ones.
    pub fn new() -> Self {
        Self {
            prefixes: ["process_", "throughline_", "target_info"]
                .map(str::to_owned)
                .to_vec(),
            may_lack: Vec::new(),
            may_lack_any: false,
            global_labels: Vec::new(),
            forbidden: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Families that begin with `prefix` need not be in a catalogue. Forbidden and reserved labels are
    /// found in them all the same.
    pub fn allow_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefixes.push(prefix.into());
        self
    }

    /// This family of a catalogue need not have a sample on the page.
    pub fn may_lack(mut self, family: impl Into<String>) -> Self {
        self.may_lack.push(family.into());
        self
    }

    /// No family needs to have a sample on the page.
    pub fn may_lack_any(mut self) -> Self {
        self.may_lack_any = true;
        self
    }

    /// Every series may have this label as well: one that the exporter adds to all.
    pub fn global_label(mut self, name: impl Into<String>) -> Self {
        self.global_labels.push(name.into());
        self
    }

    /// This label must not be on the page, beside those that never must and those of the catalogues'
    /// `forbid` clauses.
    pub fn forbid(mut self, label: impl Into<String>) -> Self {
        self.forbidden.push(label.into());
        self
    }

    /// This value of this label is no raw path, although it looks like one: `/errors/404`.
    pub fn allow_value(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.push((label.into(), value.into()));
        self
    }
}
