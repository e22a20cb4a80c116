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

/// A request's method: one of the label's, or one that only the environment's list knows.
#[derive(Clone, Debug)]
pub(crate) enum Spoken {
    Label(Method),
    Listed(Arc<str>),
}

impl Spoken {
    /// What spans call this method; its label is `label`.
    pub(crate) fn of(method: &http::Method, label: Method) -> Self {
        static LISTED: OnceLock<Option<BTreeSet<Arc<str>>>> = OnceLock::new();
        let listed = LISTED.get_or_init(|| Some(list(&env::var(VARIABLE).ok()?)));
        let Some(listed) = listed else {
            return Self::Label(label);
        };
        match listed.get(method.as_str()) {
            Some(_) if label != Method::Other => Self::Label(label),
            Some(text) => Self::Listed(Arc::clone(text)),
            None => Self::Label(Method::Other),
        }
    }

    pub(crate) const fn is_other(&self) -> bool {
        matches!(self, Self::Label(Method::Other))
    }

    /// The value of `http.request.method`.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Label(method) => method.as_str().into(),
            Self::Listed(text) => Arc::clone(text).into(),
        }
    }

    /// The name of a span of this route.
    pub(crate) fn name(&self, route: Route) -> Cow<'static, str> {
        match self {
            Self::Label(method) => named(*method, route).into(),
            Self::Listed(text) => match template_of(route) {
                Some(template) => format!("{text} {template}").into(),
                None => text.to_string().into(),
            },
        }
    }
}

/// Comma-separated, with spaces around the names. An empty list knows no method.
fn list(text: &str) -> BTreeSet<Arc<str>> {
    let names = text.split(',').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(Arc::from)
        .collect()
}
