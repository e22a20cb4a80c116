//! An error that has been told once.

use std::{error::Error, fmt};

use opentelemetry::{
    Context, KeyValue,
    trace::{Status, TraceContextExt},
};

use crate::{
    FaultId,
    cause::{self, Told},
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
/// assert_eq!(request.root_cause(), "10.0.0.7 refused");
/// ```
///
/// Behind a [`PeerError`](crate::PeerError) that a peer of ours has told, the line is written at
/// `DEBUG`; it names where, and is not counted.
///
/// `Display` and `Debug` give the error's own text; the root cause is for the log only. It can also
/// be reached through [`Error::source`], so make an answer to a caller of `Display` alone. What looks
/// like a credential is in none of the three.
pub struct Fault {
    id: FaultId,
    kind: &'static str,
    root_cause: String,
    text: String,
    source: Box<dyn Error + Send + Sync>,
}

impl Fault {
    /// Tells a failure of this service, or of what it depends on, at level `ERROR`; the current span
    /// fails with it.
    ///
    /// `kind` is one word of a closed set, such as `driver_failed`.
    #[must_use = "the caller has to learn of the failure"]
    pub fn error(kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::tell(Severity::Error, kind, error.into())
    }

    /// Tells a mistake of the caller, at level `WARN`; the current span is marked with its kind and
    /// does not fail.
    #[must_use = "the caller has to learn of the mistake"]
    pub fn warning(kind: &'static str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::tell(Severity::Warning, kind, error.into())
    }

    fn tell(severity: Severity, kind: &'static str, source: Box<dyn Error + Send + Sync>) -> Self {
        let told = cause::told(&*source);
        let fault = Self {
            id: match told {
                Some(Told::Here(id) | Told::Elsewhere(id)) => id,
                None => FaultId::current(),
            },
            kind,
            root_cause: cause::root(&*source),
            text: cause::text(&*source),
            source,
        };
        // The level of an event is part of its callsite, so there is one for each.
        macro_rules! line {
            ($level:ident, $($message:tt)+) => {
                tracing::$level!(
                    error = %fault.text,
                    error_kind = kind,
                    root_cause = fault.root_cause.as_str(),
                    $($message)+
                )
            };
        }
        match (told, severity) {
            (Some(Told::Here(_)), _) => {}
            (Some(Told::Elsewhere(id)), _) => line!(debug, "{kind}; told in span {id}"),
            (None, Severity::Error) => line!(error, "{kind}"),
            (None, Severity::Warning) => line!(warn, "{kind}"),
        }
        if told.is_none() {
            throughline::throughline_faults_total
                .with((severity,))
                .increment(1);
        }
        fault.mark(severity);
        fault
    }

    /// The kind, one word of a closed set.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Under which id the error has been told, be it by a fault behind this one or by another process:
    /// the mark to send with an answer to a caller.
    #[must_use]
    pub const fn id(&self) -> FaultId {
        self.id
    }

    /// The text of the deepest error behind this one, at most 1,024 bytes of it. For logs: it must not
    /// reach a caller.
    #[must_use]
    pub fn root_cause(&self) -> &str {
        &self.root_cause
    }

    fn mark(&self, severity: Severity) {
        // A share of the context: while it is borrowed, nothing in a span could enter another.
        let cx = Context::current();
        let span = cx.span();
        if !span.is_recording() {
            return;
        }
        span.set_attribute(KeyValue::new("error.type", self.kind));
        if severity == Severity::Error {
            // Without a description: the text may hold what must not leave in a span.
            span.set_status(Status::error(""));
        }
    }
}

impl From<&Fault> for FaultId {
    fn from(fault: &Fault) -> Self {
        fault.id
    }
}

impl From<Fault> for FaultId {
    fn from(fault: Fault) -> Self {
        fault.id
    }
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
        self.source.source()
    }
}
