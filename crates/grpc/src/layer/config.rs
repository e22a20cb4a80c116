//! What a layer was told.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, Uri};
#[cfg(feature = "trace")]
use opentelemetry::{Context, trace::SpanContext};
#[cfg(feature = "trace")]
use throughline_context::arrive_with_span;
use throughline_context::{Scope, Switch, Trust, arrive};

use crate::{
    call::Call,
    code::Code,
    labels::{self, CallType, Method, ServerAddress},
    methods::Methods,
    quiet::Quiet,
    told::Marks,
};

/// Which end of the call a layer stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

/// Whom a client calls, as its channel was told.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: Arc<str>,
    pub(crate) port: u16,
    labels: (labels::Target, ServerAddress),
}

impl Target {
    /// None if the URI has no host.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        // An IPv6 address stands in brackets in a URI, and without them in an attribute.
        let host = uri.host()?;
        let address = host.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
            Some("https") => 443,
            _ => 80,
        });
        let labels = (
            labels::Target::of(&format!("{host}:{port}")),
            ServerAddress::of(address),
        );
        Some(Self {
            address: address.into(),
            port,
            labels,
        })
    }

    #[cfg(feature = "metrics")]
    pub(crate) const fn label(&self) -> labels::Target {
        self.labels.0
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Concerns {
    pub(crate) metrics: bool,
    pub(crate) spans: bool,
    pub(crate) access_log: bool,
}

impl Concerns {
    pub(crate) const fn any(self) -> bool {
        self.metrics || self.spans || self.access_log
    }
}

/// Which concerns a layer has, and what it knows.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) side: Side,
    pub(crate) methods: Option<Methods>,
    pub(crate) quiet: Quiet,
    /// How far a server believes what its callers say of their trace.
    pub(crate) trust: Trust,
    pub(crate) switch: Switch,
    pub(crate) marks: Marks,
    pub(crate) target: Option<Target>,
    /// How long a server gives a call, whatever its caller says.
    pub(crate) timeout: Option<Duration>,
    /// Whether a client counts the attempts that are made inside.
    pub(crate) attempts: bool,
    pub(crate) errors: Option<fn(&Call) -> bool>,
    /// The label of methods that nobody serves. Made early: later a flood of unknown methods may
    /// have filled the cap.
    pub(crate) other: Method,
    unknown: (labels::Target, ServerAddress),
    #[cfg(feature = "metrics")]
    pub(crate) metrics: crate::metrics::Metrics,
    #[cfg(feature = "trace")]
    pub(crate) spans: crate::span::Spans,
    #[cfg(feature = "access-log")]
    pub(crate) access_log: bool,
}

impl Config {
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            methods: None,
            quiet: Quiet::default(),
            trust: Trust::default(),
            switch: Switch::global(),
            marks: match side {
                Side::Server => Marks::of_server(Trust::default()),
                Side::Client => Marks::CLIENT,
            },
            target: None,
            timeout: None,
            attempts: false,
            errors: None,
            other: Method::other(),
            unknown: (labels::Target::unknown(), ServerAddress::unknown()),
            #[cfg(feature = "metrics")]
            metrics: crate::metrics::Metrics::default(),
            #[cfg(feature = "trace")]
            spans: crate::span::Spans::default(),
            #[cfg(feature = "access-log")]
            access_log: false,
        }
    }

    /// What becomes of a call that begins now. It stays so until it has ended, whatever the switch
    /// says by then.
    pub(crate) fn concerns(&self) -> Concerns {
        #[allow(unused_mut, reason = "there may be no concern at all")]
        let mut on = Concerns::default();
        #[cfg(feature = "metrics")]
        if self.metrics.counts() {
            on.metrics = self.switch.is_on(throughline_context::Concern::Metrics);
        }
        #[cfg(feature = "trace")]
        if self.spans.on {
            on.spans = self.switch.is_on(throughline_context::Concern::Spans);
        }
        #[cfg(feature = "access-log")]
        if self.access_log {
            on.access_log = self.switch.is_on(throughline_context::Concern::AccessLog);
        }
        on
    }

    /// The scope that a call runs in: a server's caller's, as far as it is trusted, or the one at hand.
    pub(super) fn scope(&self, headers: &HeaderMap) -> Scope {
        match self.side {
            Side::Server => arrive(self.trust, headers).into_parts().0,
            Side::Client => Scope::current(),
        }
    }

    /// The same, of the span that `open` opens in it.
    #[cfg(feature = "trace")]
    pub(super) fn scope_with_span(
        &self,
        headers: &HeaderMap,
        open: impl FnOnce(&Context, Option<&SpanContext>) -> Context,
    ) -> Scope {
        match self.side {
            Side::Server => arrive_with_span(self.trust, headers, open),
            Side::Client => {
                let scope = Scope::current();
                let context = open(scope.context(), None);
                scope.with_context(context)
            }
        }
    }

    /// Whether anybody asks how long a call took.
    pub(crate) fn times(&self, on: Concerns) -> bool {
        #[cfg(feature = "metrics")]
        if on.metrics && !self.metrics.duration.is_empty() {
            return true;
        }
        on.access_log
    }

    /// The labels of a call that begins.
    #[cfg_attr(
        not(feature = "metrics"),
        expect(
            unused_variables,
            reason = "only a family's label is read from metadata"
        )
    )]
    pub(crate) fn call(
        &self,
        (method, call_type): (Method, CallType),
        headers: &HeaderMap,
    ) -> Call {
        let call = self.directed(Call::begun(method, call_type));
        #[cfg(feature = "metrics")]
        let call = {
            let mut call = call;
            for source in &self.metrics.sources {
                if let Some(slot) = source.slot() {
                    call.says(slot, source.read(headers));
                }
            }
            call
        };
        call
    }

    fn directed(&self, call: Call) -> Call {
        let (target, address) = match &self.target {
            Some(target) => target.labels,
            None => self.unknown,
        };
        call.to(target, address)
    }

    /// By the rule of the side, unless there is another: on a client every status but `OK`, on a
    /// server only those that are its own fault.
    pub(crate) fn is_error(&self, call: &Call) -> bool {
        match (self.errors, self.side) {
            (Some(rule), _) => rule(call),
            (None, Side::Server) => call.code().is_server_error(),
            (None, Side::Client) => call.code() != Code::Ok,
        }
    }
}

#[cfg(feature = "metrics")]
impl Config {
    /// The families of what the caller sends.
    pub(crate) const fn request_flow(&self) -> &crate::metrics::Flow {
        match self.side {
            Side::Server => &self.metrics.received,
            Side::Client => &self.metrics.sent,
        }
    }

    /// The families of what it is answered.
    pub(crate) const fn response_flow(&self) -> &crate::metrics::Flow {
        match self.side {
            Side::Server => &self.metrics.sent,
            Side::Client => &self.metrics.received,
        }
    }

    /// Makes the series of the layer's methods exist, at zero.
    pub(crate) fn zero(&self) {
        if let Some(methods) = &self.methods {
            self.metrics.zero(methods, |call| self.directed(call));
        }
    }
}
