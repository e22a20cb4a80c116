//! What a layer was told, and what each service that it makes keeps beside it.

#[cfg(feature = "axum")]
use std::sync::OnceLock;

use http::Request;
use throughline_context::Trust;
#[cfg(any(feature = "metrics", feature = "access-log"))]
use throughline_context::{Concern, Switch};

use crate::{
    exchange::Unsent,
    labels::Route,
    route::{Panic, RouteOf},
    streams::Streams,
    wire_labels::Scheme,
};

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(super) route: RouteOf,
    pub(super) skipped: Vec<Box<str>>,
    pub(super) scheme: Scheme,
    pub(super) unsent: Unsent,
    pub(super) is_late: bool,
    pub(super) trust: Trust,
    pub(super) streams: Streams,
    #[cfg(feature = "metrics")]
    pub(super) readers: crate::extra::Readers,
    #[cfg(feature = "metrics")]
    pub(super) metrics: crate::metrics::Metrics,
    #[cfg(feature = "trace")]
    pub(super) trace: bool,
    #[cfg(feature = "trace")]
    pub(super) traceresponse: bool,
    #[cfg(feature = "access-log")]
    pub(super) access_log: Option<crate::access_log::AccessLog>,
}

impl Config {
    pub(super) fn new() -> Self {
        // Its value is needed later, when a flood of unknown paths may have filled the cap.
        let _ = Route::unmatched();
        Self {
            route: RouteOf::Matched,
            skipped: Vec::new(),
            scheme: Scheme::Http,
            unsent: Unsent::DEFAULT,
            is_late: false,
            trust: Trust::default(),
            streams: Streams::Included,
            #[cfg(feature = "metrics")]
            readers: crate::extra::Readers::default(),
            #[cfg(feature = "metrics")]
            metrics: crate::metrics::Metrics::default(),
            #[cfg(feature = "trace")]
            trace: false,
            #[cfg(feature = "trace")]
            traceresponse: false,
            #[cfg(feature = "access-log")]
            access_log: None,
        }
    }

    pub(super) fn skips(&self, template: &str) -> bool {
        self.skipped.iter().any(|skipped| **skipped == *template)
    }

    /// Whether anybody asks how large a request is.
    #[cfg(any(feature = "metrics", feature = "access-log"))]
    pub(super) const fn wants_request_size(&self) -> bool {
        #[cfg(feature = "access-log")]
        if self.access_log.is_some() {
            return true;
        }
        #[cfg(feature = "metrics")]
        return self.metrics.request_size.is_some();
        #[cfg(not(feature = "metrics"))]
        false
    }

    /// Whether anybody asks when a request came: switched off, a layer reads no clock.
    #[cfg(any(feature = "metrics", feature = "access-log"))]
    pub(super) fn is_timed(&self) -> bool {
        #[cfg(feature = "access-log")]
        if self.access_log.is_some() && Switch::global().is_on(Concern::AccessLog) {
            return true;
        }
        #[cfg(feature = "metrics")]
        return self.metrics.counts() && Switch::global().is_on(Concern::Metrics);
        #[cfg(not(feature = "metrics"))]
        false
    }
}

/// What all clones of one service share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) config: Config,
    #[cfg(feature = "trace")]
    pub(super) tracers: throughline_context::Tracers,
    /// axum wraps each method of each route by itself, so that a service mostly sees one route.
    #[cfg(feature = "axum")]
    seen: OnceLock<(axum::extract::MatchedPath, Found)>,
}

/// The route of a request, and whether it is left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) route: Route,
    pub(super) is_skipped: bool,
}

impl Shared {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            #[cfg(feature = "trace")]
            tracers: throughline_context::Tracers::new("throughline-http"),
            #[cfg(feature = "axum")]
            seen: OnceLock::new(),
        }
    }

    /// The route of `request` where axum has matched it, as nearly always.
    #[cfg(feature = "axum")]
    pub(super) fn seen<B>(&self, request: &Request<B>) -> Option<Found> {
        let RouteOf::Matched = self.config.route else {
            return None;
        };
        let matched = request.extensions().get()?;
        Some(self.matched(matched))
    }

    /// The route of `request`, and what the caller's function panicked with if it did; then there is no
    /// route.
    pub(super) fn find<B>(&self, request: &mut Request<B>) -> (Found, Option<Panic>) {
        let (route, panic) = match self.config.route.find(request) {
            Ok(route) => (route, None),
            Err(panic) => (Route::unmatched(), Some(panic)),
        };
        let is_skipped = !self.config.skipped.is_empty() && self.config.skips(route.as_str());
        (Found { route, is_skipped }, panic)
    }

    #[cfg(feature = "axum")]
    fn matched(&self, matched: &axum::extract::MatchedPath) -> Found {
        let found = |text: &str| Found {
            route: Route::of(text),
            // By its text: a template too many for the label is skipped as well.
            is_skipped: self.config.skips(text),
        };
        let text = matched.as_str();
        let (seen, known) = self.seen.get_or_init(|| (matched.clone(), found(text)));
        if seen.as_str() == text {
            *known
        } else {
            found(text)
        }
    }
}
