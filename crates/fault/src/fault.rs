//! An error that has been told once.

use std::{borrow::Cow, error::Error, fmt};

use opentelemetry::{
    Context, KeyValue,
    trace::{Status, TraceContextExt},
};

use crate::{
    cause,
    families::{Severity, throughline},
};

/// An error that has been logged, at its source, and needs no second line.
///
/// Making one logs it: [`Fault::error`] for what the service, or something behind it, did wrong,
/// [`Fault::warning`] for what its caller did wrong. Each writes one log event with `error`,
/// `error_kind` and `root_cause`, marks the current span and counts. Whoever is handed a `Fault`
/// passes it on and logs nothing: the type is the mark. It may also be the source of a further
/// fault, with a kind and a text for the callers further up: that one marks its span and is neither
/// logged nor counted again.
///
/// ```
/// use throughline_fault::Fault;
///
/// let store = Fault::error("store_down", "10.0.0.7 refused");   // the one log line
/// let request = Fault::error("request_failed", store);          // no second one
/// assert_eq!(request.kind(), "request_failed");
/// assert_eq!(request.root_cause(), Some("10.0.0.7 refused"));
/// ```
///
/// `Display` and `Debug` give the error's own text; the root cause is for the log only. It can also
/// be reached through [`Error::source`], so make an answer to a caller of `Display` alone.
pub struct Fault {
    kind: Cow<'static, str>,
    root_cause: Option<String>,
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// Tells a failure of this service, or of what it depends on, at level `ERROR`; the current span
    /// fails with it.
    ///
    /// `kind` is one word of a closed set, such as `driver_failed`.
    #[must_use = "the caller has to learn of the failure"]
    pub fn error(kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (fault, told) = Self::new(kind, error.into());
        if !told {
            let root_cause = fault.root_cause.as_deref();
            tracing::error!(error = %fault.text, error_kind = kind, root_cause, "{kind}");
            count(Severity::Error);
        }
        fault.mark(Severity::Error);
        fault
    }

    /// Tells a mistake of the caller, at level `WARN`; the current span is marked with its kind and
    /// does not fail.
    #[must_use = "the caller has to learn of the mistake"]
    pub fn warning(kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let (fault, told) = Self::new(kind, error.into());
        if !told {
            let root_cause = fault.root_cause.as_deref();
            tracing::warn!(error = %fault.text, error_kind = kind, root_cause, "{kind}");
            count(Severity::Warning);
        }
        fault.mark(Severity::Warning);
        fault
    }

    /// An error that another process of ours has told already: nothing is logged or counted here.
    ///
    /// Only for answers of peers that tell their faults themselves.
    #[must_use = "the caller has to learn of the failure"]
    pub fn told_elsewhere(kind: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            root_cause: None,
            text: text.into(),
            source: None,
        }
    }

    /// The kind, one word of a closed set.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The text of the deepest error behind this one, at most 1,024 bytes of it; nothing where the
    /// fault was told elsewhere. For logs: it must not reach a caller.
    #[must_use]
    pub fn root_cause(&self) -> Option<&str> {
        self.root_cause.as_deref()
    }

    /// The fault, and whether what is behind it has been told already.
    fn new(kind: &'static str, source: Box<dyn Error + Send + Sync>) -> (Self, bool) {
        let told = cause::is_told(&*source);
        let fault = Self {
            kind: kind.into(),
            root_cause: Some(cause::root(&*source)),
            text: cause::text(&*source),
            source: Some(source),
        };
        (fault, told)
    }

    fn mark(&self, severity: Severity) {
        // A share of the context: while it is borrowed, nothing in a span could enter another.
        let cx = Context::current();
        let span = cx.span();
        if !span.is_recording() {
            return;
        }
        span.set_attribute(KeyValue::new("error.type", self.kind.clone()));
        if severity == Severity::Error {
            // Without a description: the text may hold what must not leave in a span.
            span.set_status(Status::error(""));
        }
    }
}

fn count(severity: Severity) {
    throughline::throughline_faults_total
        .with((severity,))
        .increment(1);
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, text, .. } = self;
        f.debug_struct("Fault")
            .field("kind", kind)
            .field("text", text)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.source.as_deref()?;
        source.source()
    }
}
