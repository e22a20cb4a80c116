//! One line a request.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, routing};
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_correlation::{Ids, RequestId, RequestIdLayer};
use throughline_http::{ACCESS_LOG_FIELDS, RouteLayer, ServerLayer};
use tower::{Layer, Service, ServiceExt};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};

use crate::{
    ledger::Ledger,
    script::{Bytestream, Step, answering, body, doing, get, read_all, request, silent_panic},
    traces::Trace,
};

/// Keeps every event as `level key=value …`, without the duration, which it only checks.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Line(Vec<String>);

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        assert_eq!(field.name(), "duration_ms");
        assert!(value.is_finite() && 0.0 <= value, "{value}");
        self.0.push("duration_ms".to_owned());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push(format!("{field}={value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push(format!("{field}={value:?}"));
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "throughline_http::access"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let names = event.fields().map(|field| field.name());
        let names: Vec<_> = names.filter(|name| *name != "message").collect();
        assert_eq!(names, ACCESS_LOG_FIELDS);
        let span = Context::current().span().span_context().span_id();
        let id = Ids::current_id::<RequestId>().map(|id| id.to_string());
        let (level, text) = (event.metadata().level(), line.0.join(" "));
        let scope = format!("[{span} {}]", id.unwrap_or_default());
        self.0
            .lock()
            .unwrap()
            .push(format!("{level} {text} {scope}"));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl Lines {
    fn open(&self) -> DefaultGuard {
        tracing::subscriber::set_default(self.clone())
    }

    /// The lines so far, without the scope that they were written in.
    fn read(&self) -> Vec<String> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap());
        let text = |line: &String| line.split(" [").next().unwrap().to_owned();
        lines.iter().map(text).collect()
    }
}

fn line(level: &str, route: &str, status: u16, outcome: &str, sizes: (Option<u64>, u64)) -> String {
    let requested = sizes.0.map(|bytes| format!(" request_bytes={bytes}"));
    format!(
        "{level} message=request served method=GET route={route} status={status} \
         outcome={outcome} duration_ms{} response_bytes={}",
        requested.unwrap_or_default(),
        sizes.1,
    )
}

#[tokio::test]
async fn a_request_is_one_line_when_it_has_ended_with_trace_and_ids_in_scope() {
    let trace = Trace::new();
    let lines = Lines::default();
    let _open = lines.open();
    let app = Router::new()
        .route("/logged/{id}", routing::get(|| async { "seven" }))
        .layer(ServerLayer::new().access_log().trace())
        .layer(RequestIdLayer::new());
    let request = Request::get("/logged/hunter2?token=hunter2")
        .header("traceparent", trace.traceparent())
        .header("x-request-id", "req-7")
        .header("authorization", "hunter2")
        .body(Body::empty());
    let response = app.oneshot(request.unwrap()).await.unwrap();
    assert!(lines.0.lock().unwrap().is_empty());
    read_all(response.into_body()).await;
    let span = trace.span().span_context.span_id();
    let expected = line("INFO", "/logged/{id}", 200, "completed", (Some(0), 5));
    // Neither the path nor the query nor a header is in it.
    assert_eq!(
        *lines.0.lock().unwrap(),
        [format!("{expected} [{span} req-7]")]
    );
}

#[tokio::test]
async fn the_server_is_at_fault_at_level_error_and_nobody_else_is() {
    let lines = Lines::default();
    let _open = lines.open();
    let layer = ServerLayer::new().access_log();
    for (status, steps, level, outcome, bytes) in [
        (404, &[][..], "INFO", "completed", 0),
        (499, &[], "INFO", "completed", 0),
        (500, &[Step::Data], "ERROR", "completed", 5),
        (200, &[Step::Data, Step::Fail], "ERROR", "failed", 5),
        (200, &[Step::Data, Step::Wait], "INFO", "cancelled", 5),
    ] {
        let service = layer.layer(answering(move |_| {
            let mut response = Response::new(body(steps));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        }));
        let mut body = service.oneshot(get("/")).await.unwrap().into_body();
        for _ in 0..2 {
            let _ = http_body_util::BodyExt::frame(&mut body).now_or_never();
        }
        drop(body);
        let expected = line(level, "unmatched", status, outcome, (Some(0), bytes));
        assert_eq!(lines.read(), [expected]);
    }

    let mut gone = layer.layer(doing(
        std::future::pending::<Result<Response<Bytestream>, &'static str>>,
    ));
    drop(gone.call(get("/")));
    let expected = line("INFO", "unmatched", 499, "cancelled", (Some(0), 0));
    assert_eq!(lines.read(), [expected]);

    let panics = layer.layer(doing(|| async {
        silent_panic::<Result<Response<Bytestream>, &'static str>>()
    }));
    let panics = std::panic::AssertUnwindSafe(panics.oneshot(get("/")));
    assert!(panics.catch_unwind().await.is_err());
    let expected = line("ERROR", "unmatched", 500, "panicked", (Some(0), 0));
    assert_eq!(lines.read(), [expected]);
}

#[tokio::test]
async fn the_level_is_the_callers_choice_and_so_is_silence() {
    let lines = Lines::default();
    let _open = lines.open();
    let layer = ServerLayer::new().access_log_at(|exchange| match exchange.status() {
        200 => None,
        201 => Some(Level::TRACE),
        202 => Some(Level::DEBUG),
        500.. => Some(Level::WARN),
        _ => Some(Level::ERROR),
    });
    for (status, level) in [
        (200, None),
        (201, Some("TRACE")),
        (202, Some("DEBUG")),
        (503, Some("WARN")),
        (404, Some("ERROR")),
    ] {
        let service = layer.layer(answering(move |_| {
            let mut response = Response::new(body(&[]));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        }));
        read_all(service.oneshot(get("/")).await.unwrap().into_body()).await;
        let line = |level| line(level, "unmatched", status, "completed", (Some(0), 0));
        assert_eq!(lines.read(), Vec::from_iter(level.map(line)));
    }
}

#[tokio::test]
async fn it_needs_no_other_concern_and_knows_a_late_route_and_an_unknown_size() {
    let lines = Lines::default();
    let _open = lines.open();
    let ledger = Ledger::new();
    let _recorder = ledger.open();
    let service = ServerLayer::new()
        .late()
        .skip(["/quiet"])
        .access_log()
        .layer(
            RouteLayer::by(|request| {
                throughline_http::Route::of(match request.uri.path() {
                    "/quiet" => "/quiet",
                    _ => "/{any}",
                })
            })
            .layer(answering(|_| Response::new(body(&[])))),
        );
    for path in ["/quiet", "/loud"] {
        let mut request = request("GET", path);
        *request.version_mut() = http::Version::HTTP_2;
        let response = service.clone().oneshot(request).await.unwrap();
        read_all(response.into_body()).await;
    }
    let expected = line("INFO", "/{any}", 200, "completed", (None, 0));
    assert_eq!(lines.read(), [expected]);
    assert!(ledger.read().is_empty());
}
