//! What an echo answers: the call as its server saw it.

use std::collections::BTreeMap;

use http::HeaderMap;
use opentelemetry::{Context, trace::TraceContextExt};
use serde::Serialize;
use serde_json::Value;

/// A call as its server saw it. Ids are lower-case hex.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// Headers or metadata: every value of each key, in order. A byte that is not UTF-8 is replaced.
    pub metadata: BTreeMap<String, Vec<String>>,
    /// The trace that the server works in; `None` without a span.
    pub trace_id: Option<String>,
    /// The server's span.
    pub span_id: Option<String>,
    /// The caller's span, which the server's has as its parent; `None` at the root of a trace.
    pub parent_id: Option<String>,
    /// What the far end answered, where the call was passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Value>,
}

impl Seen {
    /// What the current span's server has in hand.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use interop::seen::Seen;
    /// use throughline_context::extract;
    ///
    /// let mut headers = HeaderMap::new();
    /// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// headers.insert("traceparent", text.parse().unwrap());
    ///
    /// // Nobody has read the headers: there is a caller, and no trace that goes on.
    /// assert_eq!(Seen::new(&headers).trace_id, None);
    /// assert_eq!(Seen::new(&headers).parent_id, None);
    ///
    /// let _entered = extract(&headers).attach();
    /// let seen = Seen::new(&headers);
    /// assert_eq!(seen.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    /// assert_eq!(seen.parent_id.as_deref(), Some("b7ad6b7169203331"));
    /// assert_eq!(seen.metadata["traceparent"], [text]);
    /// ```
    #[must_use]
    pub fn new(headers: &HeaderMap) -> Self {
        let mut metadata = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            metadata
                .entry(name.as_str().to_owned())
                .or_default()
                .push(value);
        }
        let current = Context::current().span().span_context().clone();
        // The API does not tell a span's parent; the layer took it from these headers.
        let caller = throughline_context::extract_with_context(&Context::new(), headers)
            .span()
            .span_context()
            .clone();
        let goes_on = current.is_valid() && caller.trace_id() == current.trace_id();
        Self {
            metadata,
            trace_id: current.is_valid().then(|| current.trace_id().to_string()),
            span_id: current.is_valid().then(|| current.span_id().to_string()),
            parent_id: goes_on.then(|| caller.span_id().to_string()),
            next: None,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("its keys are strings")
    }
}
