//! The checks, one after the other.

use std::pin::Pin;

use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use http_body::Body;
use tower_service::Service;

use super::{
    Asked,
    drive::{Answer, Panicked, ask, ask_and_leave, caught, read_all, read_one},
    report::{Check, Finding, Report},
    tally::{Counted, Tally},
};

/// A service on the bench.
pub(super) struct Bench<'t, S, F> {
    service: S,
    body: F,
    asked: Asked,
    tally: &'t Tally,
    /// How an answered request is counted, once it is known.
    completed: Option<String>,
    report: Report,
}

impl<'t, S, F> Bench<'t, S, F> {
    pub(super) fn new(service: S, body: F, asked: Asked, tally: &'t Tally) -> Self {
        Self {
            service,
            body,
            asked,
            tally,
            completed: None,
            report: Report::default(),
        }
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    fn read(&self) -> Counted {
        let Asked {
            total,
            outcome,
            in_flight,
            ..
        } = &self.asked;
        self.tally
            .read(total, outcome.as_deref(), in_flight.as_deref())
    }

    fn find(&mut self, check: Check, sent: &str, counted: String, expected: String) {
        self.report.findings.push(Finding {
            check,
            sent: sent.to_owned(),
            counted,
            expected,
        });
    }

    /// Compares what came since `before` with what should have.
    fn expect(&mut self, check: Check, sent: &str, before: &Counted, total: u64, in_flight: f64) {
        self.compare(check, sent, before, &self.read(), total, in_flight);
    }

    fn compare(
        &mut self,
        check: Check,
        sent: &str,
        before: &Counted,
        after: &Counted,
        total: u64,
        in_flight: f64,
    ) {
        let counted = after.total().saturating_sub(before.total());
        let level = after.in_flight - before.in_flight;
        let in_flight = match self.asked.in_flight {
            Some(_) => in_flight,
            None => level,
        };
        // Of whole numbers that are exact in an `f64`.
        if counted != total || (level - in_flight).abs() > 0.5 {
            self.find(
                check,
                sent,
                format!("{counted} ended and {level} in flight"),
                format!("{total} ended and {in_flight} in flight"),
            );
        }
    }

    /// Compares how it ended with how an answered request does.
    fn expect_outcome(&mut self, check: Check, sent: &str, before: &Counted, as_answered: bool) {
        let Some(label) = self.asked.outcome.clone() else {
            return;
        };
        let Some(value) = ended_as(before, &self.read()) else {
            // It was not counted once, which is a finding already.
            return;
        };
        let Some(completed) = self.completed.clone() else {
            self.completed = Some(value);
            return;
        };
        if as_answered != (completed == value) {
            let than = if as_answered { "as" } else { "another than" };
            let expected = format!("{than} {label}={completed}, which is an answered request");
            self.find(check, sent, format!("{label}={value}"), expected);
        }
    }

    /// Checks that no series came since there were those of `before`.
    fn expect_no_series(&mut self, check: Check, sent: &str, before: usize, first: &str) {
        let series = self.tally.series();
        if let Some(more) = series.len().checked_sub(before).filter(|more| 0 < *more) {
            let example = series.into_iter().find(|series| series.contains(first));
            let example = example.map_or_else(String::new, |series| format!(", such as {series}"));
            let expected = "no series more".to_owned();
            self.find(
                check,
                sent,
                format!("{more} series more{example}"),
                expected,
            );
        }
    }
}

/// The one value of the outcome by which more are counted now.
fn ended_as(before: &Counted, after: &Counted) -> Option<String> {
    let mut more = after.by_outcome.iter().filter(|(value, count)| {
        before.by_outcome.get(*value).copied().unwrap_or_default() < **count
    });
    let (value, _) = more.next()?;
    more.next().is_none().then(|| value.clone())
}

impl<S, F, B, R> Bench<'_, S, F>
where
    F: Fn() -> B,
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: Body,
{
    pub(super) async fn check_all(&mut self) {
        self.plain().await;
        self.head().await;
        self.cancel_before_head().await;
        self.stream().await;
        self.cancel_in_body().await;
        self.panic().await;
        self.paths().await;
        self.methods().await;
        self.hosts().await;
    }

    fn request(&self, method: &str, path: &str) -> Request<B> {
        let mut request = Request::new((self.body)());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).expect("it is a token");
        *request.uri_mut() = path.parse().expect("the path that was given is a URI");
        request
    }

    /// Asks, and gives out the body if there is an answer.
    async fn begin(&self, request: Request<B>) -> Option<Pin<Box<R>>> {
        match caught(ask(self.service.clone(), request)).await {
            Ok(Answer::Response(response)) => Some(response.into_body()),
            Ok(Answer::Error) | Err(Panicked) => None,
        }
    }

    /// Asks and reads to the end; whether it panicked.
    async fn visit(&self, request: Request<B>) -> bool {
        match caught(ask(self.service.clone(), request)).await {
            Ok(Answer::Response(response)) => read_all(response.into_body()).await.is_err(),
            Ok(Answer::Error) => false,
            Err(Panicked) => true,
        }
    }

    async fn plain(&mut self) {
        let sent = format!("GET {}", self.asked.good);
        let before = self.read();
        self.visit(self.request("GET", &self.asked.good)).await;
        let families = [Some(self.asked.total.clone()), self.asked.in_flight.clone()];
        for family in families.into_iter().flatten() {
            if !self.tally.knows(&family) {
                let nothing = format!("nothing under the name {family}");
                let expected = "a series of that name".to_owned();
                self.find(Check::Plain, &sent, nothing, expected);
            }
        }
        self.expect(Check::Plain, &sent, &before, 1, 0.0);
        self.expect_outcome(Check::Plain, &sent, &before, true);
    }

    async fn head(&mut self) {
        let sent = format!("HEAD {}, its body dropped unread", self.asked.good);
        let before = self.read();
        drop(self.begin(self.request("HEAD", &self.asked.good)).await);
        self.expect(Check::Head, &sent, &before, 1, 0.0);
        self.expect_outcome(Check::Head, &sent, &before, true);
    }

    async fn cancel_before_head(&mut self) {
        let path = self.asked.slow.as_ref().unwrap_or(&self.asked.good).clone();
        let sent = format!("GET {path}, dropped before its answer");
        let before = self.read();
        let mut meanwhile = None;
        let request = self.request("GET", &path);
        let look = || meanwhile = Some(self.read());
        ask_and_leave(self.service.clone(), request, look).await;
        let Some(meanwhile) = meanwhile else {
            let why = "the answer was there at once; give a slow path";
            self.report.skipped.push((Check::CancelBeforeHead, why));
            return;
        };
        let waiting = format!("GET {path}, and looked before its answer");
        self.compare(
            Check::CancelBeforeHead,
            &waiting,
            &before,
            &meanwhile,
            0,
            1.0,
        );
        self.expect(Check::CancelBeforeHead, &sent, &before, 1, 0.0);
        self.expect_outcome(Check::CancelBeforeHead, &sent, &before, false);
    }

    fn streaming(&self) -> String {
        let Asked {
            streaming, good, ..
        } = &self.asked;
        streaming.as_ref().unwrap_or(good).clone()
    }

    async fn stream(&mut self) {
        let path = self.streaming();
        let before = self.read();
        let Some(body) = self.begin(self.request("GET", &path)).await else {
            self.report
                .skipped
                .push((Check::Stream, "there was no response"));
            return;
        };
        if body.is_end_stream() {
            let why = "the body is empty; give a streaming path";
            self.report.skipped.push((Check::Stream, why));
            return;
        }
        let sent = format!("GET {path}, with its head come and its body to be read");
        self.expect(Check::Stream, &sent, &before, 0, 1.0);
        let _ = read_all(body).await;
        let sent = format!("GET {path}, read to its end");
        self.expect(Check::Stream, &sent, &before, 1, 0.0);
        self.expect_outcome(Check::Stream, &sent, &before, true);
    }

    async fn cancel_in_body(&mut self) {
        let path = self.streaming();
        for frames in [0, 1] {
            let before = self.read();
            let Some(mut body) = self.begin(self.request("GET", &path)).await else {
                let why = "there was no response";
                self.report.skipped.push((Check::CancelInBody, why));
                return;
            };
            for _ in 0..frames {
                let _ = read_one(&mut body).await;
            }
            let has_ended = body.is_end_stream();
            drop(body);
            if has_ended {
                // One frame was all: only with none read is there anything to cancel.
                if frames == 0 {
                    let why = "the body is empty; give a streaming path";
                    self.report.skipped.push((Check::CancelInBody, why));
                }
                return;
            }
            let sent = format!("GET {path}, its body dropped after {frames} frames");
            self.expect(Check::CancelInBody, &sent, &before, 1, 0.0);
            self.expect_outcome(Check::CancelInBody, &sent, &before, false);
        }
    }

    async fn panic(&mut self) {
        let Some(path) = self.asked.panicking.clone() else {
            let why = "no panicking path was given";
            self.report.skipped.push((Check::Panic, why));
            return;
        };
        let sent = format!("GET {path}, which panics");
        let before = self.read();
        let panicked = self.visit(self.request("GET", &path)).await;
        self.expect(Check::Panic, &sent, &before, 1, 0.0);
        // Caught within the service, it may be an answer like any other.
        if panicked {
            self.expect_outcome(Check::Panic, &sent, &before, false);
        }
    }

    async fn paths(&mut self) {
        const PATHS: u64 = 500;
        let good = self.asked.good.clone();
        let queried = if good.contains('?') { '&' } else { '?' };
        let requests = [
            ("/kit-invents/", "paths that nobody has"),
            (
                &format!("{good}{queried}kit-invents="),
                "queries of the good path",
            ),
        ]
        .map(|(start, what)| (start.to_owned(), what));
        for (start, what) in requests {
            self.visit(self.request("GET", &format!("{start}first")))
                .await;
            let (before, series) = (self.read(), self.tally.series().len());
            for n in 0..PATHS {
                self.visit(self.request("GET", &format!("{start}{n}")))
                    .await;
            }
            let sent = format!("GET of {PATHS} {what}");
            self.expect(Check::Paths, &sent, &before, PATHS, 0.0);
            self.expect_no_series(Check::Paths, &sent, series, "kit-invents");
        }
    }

    async fn methods(&mut self) {
        const METHODS: u64 = 100;
        let good = self.asked.good.clone();
        self.visit(self.request("KITFIRST", &good)).await;
        let (before, series) = (self.read(), self.tally.series().len());
        for n in 0..METHODS {
            self.visit(self.request(&format!("KITINVENTS{n}"), &good))
                .await;
        }
        let sent = format!("{METHODS} methods that nobody knows, of {good}");
        self.expect(Check::Methods, &sent, &before, METHODS, 0.0);
        self.expect_no_series(Check::Methods, &sent, series, "KITINVENTS");
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get"] {
            let before = self.read();
            self.visit(self.request(method, &good)).await;
            self.expect(Check::Methods, &format!("{method} {good}"), &before, 1, 0.0);
        }
    }

    async fn hosts(&mut self) {
        const HOSTS: u64 = 200;
        let good = self.asked.good.clone();
        let spoofed = |name: &str| {
            let mut request = self.request("GET", &good);
            let plain = HeaderValue::from_str(name).expect("a host is plain");
            let forwarded = HeaderValue::from_str(&format!("host={name}"));
            let headers = request.headers_mut();
            headers.insert(header::HOST, plain.clone());
            headers.insert(HeaderName::from_static("x-forwarded-host"), plain);
            headers.insert(header::FORWARDED, forwarded.expect("a host is plain"));
            request
        };
        self.visit(spoofed("first.kit.invalid")).await;
        let (before, series) = (self.read(), self.tally.series().len());
        for n in 0..HOSTS {
            self.visit(spoofed(&format!("h{n}.kit.invalid"))).await;
        }
        let sent = format!("GET {good} with {HOSTS} hosts that nobody has");
        self.expect(Check::Hosts, &sent, &before, HOSTS, 0.0);
        self.expect_no_series(Check::Hosts, &sent, series, ".kit.invalid");
    }
}
