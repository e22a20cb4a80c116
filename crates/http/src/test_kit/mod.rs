//! Checks of a service of your own: is each request counted once, whatever becomes of it, and does
//! nothing that a client invents become a series?
//!
//! The kit takes any tower service of `http` types, with whatever layer counts in it, this crate's or
//! another. It drives it in process, without a socket, under a `metrics` recorder of its own.
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::{Router, body::Body, routing::get};
//! use throughline_http::{presets, test_kit::TestKit};
//!
//! let app = || {
//!     Router::new()
//!         .route("/items/{id}", get(async || "an item"))
//!         .route("/slow", get(std::future::pending::<&str>))
//!         .layer(presets::prometheus())
//! };
//! let report = TestKit::new(app, Body::empty, "http_requests_total")
//!     .in_flight("http_requests_in_flight")
//!     .good_path("/items/7")
//!     .slow_path("/slow")
//!     .run()
//!     .await;
//! report.assert_clean();
//! // Nothing that panics was given, so that was not looked at.
//! assert_eq!(report.skipped().len(), 1);
//! # }
//! # #[cfg(not(feature = "axum"))]
//! # fn main() {}
//! ```

mod checks;
mod drive;
mod report;
mod tally;

use std::{
    fmt,
    future::{Future, poll_fn},
};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

pub use self::report::{Check, Finding, Report};
use self::{checks::Bench, tally::Tally};

/// A service to be checked, and what to ask of it; see the [module](self).
#[derive(Clone)]
#[must_use = "a kit checks nothing until it runs"]
pub struct TestKit<M, F> {
    make: M,
    body: F,
    asked: Asked,
}

/// What to ask, and under which names it is counted.
#[derive(Clone, Debug)]
struct Asked {
    total: String,
    in_flight: Option<String>,
    outcome: Option<String>,
    good: String,
    slow: Option<String>,
    streaming: Option<String>,
    panicking: Option<String>,
}

impl<M, F> TestKit<M, F> {
    /// Checks what `make` makes, with requests that have the bodies of `body`, and whose number is in
    /// the family `total`: a counter, or a histogram with one sample a request.
    ///
    /// The service is made under the kit's recorder, so that a layer may take its handles when it is
    /// made. A layer with a recorder of its own cannot be checked.
    pub fn new(make: M, body: F, total: impl Into<String>) -> Self {
        Self {
            make,
            body,
            asked: Asked {
                total: total.into(),
                in_flight: None,
                outcome: None,
                good: "/".to_owned(),
                slow: None,
                streaming: None,
                panicking: None,
            },
        }
    }

    /// The gauge of requests being served. Without it, whether it comes back to zero is not checked.
    pub fn in_flight(mut self, family: impl Into<String>) -> Self {
        self.asked.in_flight = Some(family.into());
        self
    }

    /// The label of `total` that says how a request ended. With it, a request that was cancelled or
    /// that panicked has to have another value than one that was answered.
    pub fn outcome(mut self, label: impl Into<String>) -> Self {
        self.asked.outcome = Some(label.into());
        self
    }

    /// A path that is answered, with a body, to a `GET`. `/` by default.
    pub fn good_path(mut self, path: impl Into<String>) -> Self {
        self.asked.good = path.into();
        self
    }

    /// A path whose handler waits before it answers, or for ever: a client goes away in the meantime.
    /// By default it is tried on the good path.
    pub fn slow_path(mut self, path: impl Into<String>) -> Self {
        self.asked.slow = Some(path.into());
        self
    }

    /// A path whose response's body has several frames and ends by itself. By default the good one.
    pub fn streaming_path(mut self, path: impl Into<String>) -> Self {
        self.asked.streaming = Some(path.into());
        self
    }

    /// A path whose handler, or whose response's body, panics. The process's panic hook sees it.
    pub fn panicking_path(mut self, path: impl Into<String>) -> Self {
        self.asked.panicking = Some(path.into());
        self
    }

    /// Makes all checks, some 1,500 requests one after the other.
    ///
    /// It runs on any executor; what handlers spawn is not under the kit's recorder.
    ///
    /// # Panics
    /// If a path is no URI.
    pub async fn run<S, B, R>(self) -> Report
    where
        M: FnOnce() -> S,
        F: Fn() -> B,
        S: Service<Request<B>, Response = Response<R>> + Clone,
        R: Body,
    {
        let Self { make, body, asked } = self;
        let tally = Tally::default();
        let mut checking = Box::pin(async {
            let mut bench = Bench::new(make(), body, asked, &tally);
            bench.check_all().await;
            bench.into_report()
        });
        poll_fn(|cx| metrics::with_local_recorder(&tally, || checking.as_mut().poll(cx))).await
    }
}

impl<M, F> fmt::Debug for TestKit<M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKit")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}
