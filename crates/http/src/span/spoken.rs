//! The method as spans tell it.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    env,
    sync::{Arc, OnceLock},
};

use opentelemetry::Value;

use super::{name::named, template_of};
use crate::labels::{Method, Route};

/// The convention's way to say which methods are known: a list that replaces the standard one.
const VARIABLE: &str = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS";

/// The list, if there is one.
static LISTED: OnceLock<Option<Vec<Arc<str>>>> = OnceLock::new();

/// A request's method: one of the label's, or one that only the environment's list knows, by its place
/// there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spoken {
    Label(Method),
    Listed(u16),
}

impl Spoken {
    /// What spans call this method; its label is `label`.
    pub(crate) fn of(method: &http::Method, label: Method) -> Self {
        let listed = LISTED.get_or_init(|| Some(list(&env::var(VARIABLE).ok()?)));
        let Some(listed) = listed else {
            return Self::Label(label);
        };
        match listed.binary_search_by(|known| (**known).cmp(method.as_str())) {
            Ok(_) if label != Method::Other => Self::Label(label),
            Ok(place) => Self::Listed(u16::try_from(place).expect("a list has far fewer names")),
            Err(_) => Self::Label(Method::Other),
        }
    }

    pub(crate) const fn is_other(&self) -> bool {
        matches!(self, Self::Label(Method::Other))
    }

    /// The value of `http.request.method`.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Label(method) => method.as_str().into(),
            Self::Listed(place) => text_at(*place).into(),
        }
    }

    /// The name of a span of this route.
    pub(crate) fn name(&self, route: Route) -> Cow<'static, str> {
        match self {
            Self::Label(method) => named(*method, route).into(),
            Self::Listed(place) => {
                let text = text_at(*place);
                match template_of(route) {
                    Some(template) => format!("{text} {template}").into(),
                    None => text.to_string().into(),
                }
            }
        }
    }
}

fn text_at(place: u16) -> Arc<str> {
    let listed = LISTED.get().and_then(Option::as_ref);
    let listed = listed.expect("a method is found in the list only after it was read");
    Arc::clone(&listed[usize::from(place)])
}

/// Comma-separated, with spaces around the names; what goes beyond the first 1,024 is not known. An
/// empty list knows no method.
fn list(text: &str) -> Vec<Arc<str>> {
    let names = text.split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty()).take(1_024);
    let names: BTreeSet<_> = names.map(Arc::from).collect();
    names.into_iter().collect()
}
