//! Span names, each built once in a process.

use std::sync::OnceLock;

use throughline_catalog::Label;

use super::template_of;
use crate::labels::{Method, Route};

const METHODS: usize = Method::CARDINALITY;
const ROUTES: usize = Route::CARDINALITY;

/// Both labels are bounded, and so are their combinations: a name is made at its first use and stays,
/// as the route's text does.
static NAMES: [[OnceLock<Box<str>>; ROUTES]; METHODS] =
    [const { [const { OnceLock::new() }; ROUTES] }; METHODS];

/// `{method} {route}`, or the method alone; never the path, which has no bound.
pub(super) fn named(method: Method, route: Route) -> &'static str {
    let text = match method {
        Method::Other => "HTTP",
        known => known.as_str(),
    };
    let Some(template) = template_of(route) else {
        return text;
    };
    NAMES[method.index()][route.index()].get_or_init(|| format!("{text} {template}").into())
}
