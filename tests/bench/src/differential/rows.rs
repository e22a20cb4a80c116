//! The rows: what happens, what is right, and how a subject is asked.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::Value;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use opentelemetry_sdk::trace::SpanData;
use tokio::time::timeout;

use super::client::{Headers, begin, call, read};
use super::record::{self, attribute, awaited, code, span};
use super::service::SLOW;
use super::subject::Subject;
use super::table::NOT_CLAIMED;
use super::test_bed::TestBed;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Of the request that a handler copies.
const STALE: &str = "11111111111111111111111111111111";
const CALLER: &str = "b7ad6b7169203331";

/// How long a row may take.
const LIMIT: Duration = Duration::from_secs(20);

pub struct Row {
    pub what: &'static str,
    pub right: &'static str,
    /// Of whom it is asked.
    claims: fn(Subject) -> bool,
    ask: for<'a> fn(&'a TestBed) -> Asked<'a>,
}

type Asked<'a> = Pin<Box<dyn Future<Output = String> + 'a>>;

macro_rules! rows {
    ($($claims:ident, $what:literal => $right:literal, $ask:expr;)*) => {
        pub const ROWS: &[Row] = &[$(Row {
            what: $what,
            right: $right,
            claims: $claims,
            ask: |bed| Box::pin($ask(bed)),
        }),*];
    };
}

const fn all(_: Subject) -> bool {
    true
}

const fn spans(subject: Subject) -> bool {
    subject.has_spans()
}

const fn metrics(subject: Subject) -> bool {
    subject.has_metrics()
}

/// Those that can leave a method out.
const fn filters(subject: Subject) -> bool {
    matches!(subject, Subject::Ours | Subject::TonicTracing)
}

/// What no peer claims.
const fn ours(subject: Subject) -> bool {
    matches!(subject, Subject::Ours)
}

rows! {
    all, "server: the call succeeds" => "OK", |bed| served(bed, "Ok");
    all, "server: it fails before its first message" => "NOT_FOUND", |bed| served(bed, "NotFound");
    all, "server: a stream fails after three messages" => "INTERNAL", |bed| served(bed, "FailsLate");
    all, "server: the status is 999" => "UNKNOWN", |bed| served(bed, "Odd");
    all, "server: the stream ends without a status" => "UNKNOWN", |bed| served(bed, "Absent");
    all, "server: no status, and HTTP's is 503" => "UNAVAILABLE", |bed| served(bed, "Gone");
    all, "server: the client cancels before the head" => "CANCELLED", cancelled_early;
    all, "server: the client cancels in mid-stream" => "CANCELLED", cancelled_late;
    all, "server: the deadline passes" => "DEADLINE_EXCEEDED", late;
    all, "server: the handler panics" => "INTERNAL", |bed| served(bed, "Panics");
    ours, "server: gRPC-Web, the status in the body" => "NOT_FOUND", |bed| served(bed, "Web");
    all, "server: what a stream of 200 ms is said to take" => "all of it", duration;
    metrics, "server: calls in flight after all of these" => "0", in_flight;
    ours, "server: messages counted, of three sent" => "3", sent;
    all, "server: what 50 invented methods add" => "no names, no series", invented;
    filters, "server: what a call of a service that is left out adds" => "no span", quiet;
    spans, "server: is `NOT_FOUND` the server's error?" => "no", server_error;
    spans, "server: `rpc.system.name`, as the conventions have it now" => "grpc", system;
    spans, "context: the caller's span" => "the parent", parent;
    spans, "context: two `traceparent`s" => "a new trace", two_parents;
    spans, "context: two `tracestate` headers, sent on" => "a=1,b=2", two_states;
    spans, "context: no `tracestate`, sent on" => "none", no_state;
    spans, "context: the flags 03, sent on" => "03", random;
    spans, "context: where no span is recorded" => "goes on", unsampled;
    spans, "context: where the log's filter leaves the span out" => "goes on", unlogged;
    spans, "context: while the messages of a stream are made" => "goes on", in_stream;
    filters, "context: where the method is left out" => "goes on", left_out;
    spans, "client: the answer is `NOT_FOUND`" => "NOT_FOUND, an error", client_error;
    spans, "client: `error.type` of that" => "NOT_FOUND", error_type;
    spans, "client: the span whose id is sent" => "the client's", sent_span;
    spans, "client: a `traceparent` that was copied" => "replaced", stale;
    spans, "client: a stream fails after three messages" => "INTERNAL", |bed| called(bed, "FailsLate");
    spans, "client: nobody listens" => "UNAVAILABLE", refused;
    spans, "client: the deadline passes" => "DEADLINE_EXCEEDED", client_late;
    spans, "client: `server.address`" => "127.0.0.1", address;
    all, "`authorization`, in what is exported" => "nowhere", secret;
}

/// Goes through the rows, a line each.
pub async fn ask(subject: Subject) {
    std::panic::set_hook(Box::new(|panic| {
        // One handler panics on purpose.
        if panic.payload_as_str() != Some("on purpose") {
            eprintln!("{panic}");
        }
    }));
    let bed = TestBed::start(subject).await;
    for row in ROWS {
        let seen = if (row.claims)(subject) {
            let seen = timeout(LIMIT, (row.ask)(&bed)).await;
            seen.unwrap_or_else(|_| "took too long".to_owned())
        } else {
            NOT_CLAIMED.to_owned()
        };
        println!("{seen}");
    }
}

fn full(method: &str) -> String {
    format!("diff.Test/{method}")
}

/// A call of this method that is read to its end, however it ends.
async fn done(bed: &TestBed, method: &str, headers: Headers<'_>) {
    // That it failed is what some rows are about; how it did is asked of the subject.
    let _ = call(&bed.bare, &full(method), headers).await;
}

async fn served(bed: &TestBed, method: &'static str) -> String {
    done(bed, method, &[]).await;
    code(bed.subject, SpanKind::Server, method).await
}

async fn cancelled_early(bed: &TestBed) -> String {
    let client = bed.bare.clone();
    let call = tokio::spawn(async move { begin(&client, &full("CancelledEarly"), &[]).await });
    bed.shared.began.notified().await;
    call.abort();
    code(bed.subject, SpanKind::Server, "CancelledEarly").await
}

async fn cancelled_late(bed: &TestBed) -> String {
    let response = begin(&bed.bare, &full("CancelledLate"), &[]).await;
    let response = response.expect("there is a head");
    read(response, 1).await.expect("there is a message");
    code(bed.subject, SpanKind::Server, "CancelledLate").await
}

async fn late(bed: &TestBed) -> String {
    done(bed, "Late", &[("grpc-timeout", "100m")]).await;
    code(bed.subject, SpanKind::Server, "Late").await
}

async fn duration(bed: &TestBed) -> String {
    done(bed, "Slow", &[]).await;
    let mut times = Vec::new();
    if bed.subject.has_spans() {
        let span = awaited(|| span(&SpanKind::Server, "Slow")).await;
        let time = span.map(|span| span.end_time.duration_since(span.start_time));
        let Some(Ok(time)) = time else {
            return "lost".to_owned();
        };
        times.push(time);
    }
    if bed.subject.has_metrics() {
        let sum = || record::sum("grpc_server_handling_seconds_sum", Some("Slow"));
        let Some(sum) = awaited(|| Some(sum()).filter(|sum| *sum != 0.0)).await else {
            return "lost".to_owned();
        };
        times.push(Duration::from_secs_f64(sum));
    }
    // The timer of the server's pause begins a moment before its head.
    if times
        .iter()
        .all(|time| SLOW - Duration::from_millis(5) <= *time)
    {
        "all of it".to_owned()
    } else {
        "the time to its head".to_owned()
    }
}

async fn in_flight(_: &TestBed) -> String {
    let under_way = || {
        let started = record::sum("grpc_server_started_total", None);
        started - record::sum("grpc_server_handled_total", None)
    };
    let left = awaited(|| Some(under_way()).filter(|left| *left == 0.0)).await;
    left.unwrap_or_else(under_way).to_string()
}

async fn sent(bed: &TestBed) -> String {
    done(bed, "Ok", &[]).await;
    let calls = record::sum("grpc_server_handled_total", Some("Ok"));
    let messages = record::sum("grpc_server_msg_sent_total", Some("Ok"));
    (messages / calls).to_string()
}

async fn invented(bed: &TestBed) -> String {
    const CALLS: usize = 50;
    let series = || {
        let page = record::page();
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        lines.filter(|line| line.contains("invented")).count()
    };
    let before = record::spans(&SpanKind::Server).len();
    for i in 0..CALLS {
        let _ = call(&bed.bare, &format!("invented.Service{i}/Method{i}"), &[]).await;
    }
    if bed.subject.has_spans() {
        let arrived = || record::spans(&SpanKind::Server).len() - before;
        awaited(|| (CALLS <= arrived()).then_some(())).await;
    }
    let spans = record::spans(&SpanKind::Server).split_off(before);
    let mut names: BTreeSet<_> = spans.into_iter().map(|span| span.name).collect();
    names.retain(|name| name.contains("invented"));
    let counted = |count, of: &str| match count {
        0 => format!("no {of}"),
        count => format!("{count} {of}"),
    };
    match (bed.subject.has_spans(), bed.subject.has_metrics()) {
        (true, false) if names.is_empty() => "no names, no series".to_owned(),
        (false, true) if series() == 0 => "no names, no series".to_owned(),
        (true, false) => counted(names.len(), "names"),
        (false, _) => counted(series(), "series"),
        (true, true) => {
            let names = counted(names.len(), "names");
            format!("{names}, {}", counted(series(), "series"))
        }
    }
}

async fn quiet(bed: &TestBed) -> String {
    const METHOD: &str = "grpc.health.v1.Health/Ok";
    let before = record::spans(&SpanKind::Server).len();
    let _ = call(&bed.bare, METHOD, &[]).await;
    // The next call's span is there when this one's would be.
    done(bed, "Ok", &[]).await;
    let arrived = || record::spans(&SpanKind::Server).split_off(before);
    let ok = |spans: &Vec<SpanData>| spans.iter().any(|span| span.name.ends_with("diff.Test/Ok"));
    let Some(spans) = awaited(|| Some(arrived()).filter(ok)).await else {
        return "lost".to_owned();
    };
    match spans.len() - 1 {
        0 => "no span".to_owned(),
        more => format!("{more} span"),
    }
}

async fn system(bed: &TestBed) -> String {
    done(bed, "Reached", &[]).await;
    let span = awaited(|| span(&SpanKind::Server, "Reached")).await;
    text_of(span, "rpc.system.name")
}

/// The attribute of a span, as text.
fn text_of(span: Option<SpanData>, name: &str) -> String {
    match span.map(|span| attribute(&span, &[name])) {
        Some(Some(Value::String(text))) if text.as_str().is_empty() => "empty".to_owned(),
        Some(Some(value)) => value.to_string(),
        Some(None) => "absent".to_owned(),
        None => "lost".to_owned(),
    }
}

async fn server_error(bed: &TestBed) -> String {
    done(bed, "Failed", &[]).await;
    let span = awaited(|| span(&SpanKind::Server, "Failed")).await;
    let seen = span.map(|span| match span.status {
        Status::Unset => "no",
        Status::Error { .. } => "yes",
        Status::Ok => "no, it is marked as good",
    });
    seen.unwrap_or("lost").to_owned()
}

fn traceparent(trace: &str, flags: &str) -> String {
    format!("00-{trace}-{CALLER}-{flags}")
}

/// Has the handler make a call of its own, and returns what its client sent under `header`.
async fn relayed(bed: &TestBed, method: &str, headers: Headers<'_>, header: &str) -> String {
    *bed.shared.relayed.lock().expect("nobody panicked") = None;
    let _ = call(&bed.bare, method, headers).await;
    let sent = bed.shared.relayed.lock().expect("nobody panicked").take();
    let Some(sent) = sent else {
        return "nothing was sent".to_owned();
    };
    let values: Vec<_> = sent.get_all(header).iter().collect();
    match values.as_slice() {
        [] => "none".to_owned(),
        [value] if value.is_empty() => "an empty one".to_owned(),
        [value] => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        more => format!("{} of them", more.len()),
    }
}

/// The server span of a `Relay` that is made now.
async fn relay_span(bed: &TestBed, headers: Headers<'_>) -> Option<SpanData> {
    let count = || {
        let mut spans = record::spans(&SpanKind::Server);
        spans.retain(|span| span.name.ends_with("/Relay"));
        spans.len()
    };
    let before = count();
    done(bed, "Relay", headers).await;
    awaited(|| (before < count()).then_some(())).await?;
    span(&SpanKind::Server, "Relay")
}

fn trace_id(text: &str) -> TraceId {
    TraceId::from_hex(text).expect("it is an id")
}

async fn parent(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let Some(span) = relay_span(bed, &headers).await else {
        return "lost".to_owned();
    };
    let is_same = span.span_context.trace_id() == trace_id(TRACE);
    let is_child = span.parent_span_id == SpanId::from_hex(CALLER).expect("it is an id");
    let seen = match (is_same, is_child) {
        (true, true) => "the parent",
        (true, false) => "another parent",
        (false, _) => "another trace",
    };
    seen.to_owned()
}

async fn two_parents(bed: &TestBed) -> String {
    let (one, other) = (traceparent(TRACE, "01"), traceparent(OTHER, "01"));
    let headers = [("traceparent", &*one), ("traceparent", &*other)];
    let Some(span) = relay_span(bed, &headers).await else {
        return "lost".to_owned();
    };
    let id = span.span_context.trace_id();
    let seen = if id == trace_id(TRACE) {
        "the first one's"
    } else if id == trace_id(OTHER) {
        "the second one's"
    } else {
        "a new trace"
    };
    seen.to_owned()
}

async fn two_states(bed: &TestBed) -> String {
    let headers = [
        ("traceparent", &*traceparent(TRACE, "01")),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
    ];
    relayed(bed, &full("Relay"), &headers, "tracestate").await
}

async fn no_state(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    relayed(bed, &full("Relay"), &headers, "tracestate").await
}

async fn random(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "03"))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    let flags = sent.rsplit('-').next().unwrap_or_default();
    flags.to_owned()
}

/// Whether the caller's trace is the one that is sent on.
fn goes_on(sent: &str) -> String {
    let seen = match sent.split('-').nth(1) {
        Some(TRACE) => "goes on",
        Some(STALE) => "the copied one goes out",
        Some(_) => "another trace",
        None => "ends",
    };
    seen.to_owned()
}

async fn unsampled(bed: &TestBed) -> String {
    record::sample(false);
    let headers = [("traceparent", &*traceparent(TRACE, "00"))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    record::sample(true);
    goes_on(&sent)
}

async fn unlogged(bed: &TestBed) -> String {
    record::log(false);
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    record::log(true);
    goes_on(&sent)
}

async fn in_stream(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    goes_on(&relayed(bed, &full("RelayLate"), &headers, "traceparent").await)
}

async fn left_out(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let method = "grpc.health.v1.Health/Relay";
    goes_on(&relayed(bed, method, &headers, "traceparent").await)
}

async fn called(bed: &TestBed, method: &'static str) -> String {
    let _ = call(&bed.layered, &full(method), &[]).await;
    code(bed.subject, SpanKind::Client, method).await
}

async fn client_error(bed: &TestBed) -> String {
    let code = called(bed, "NotFound").await;
    let is_error = match span(&SpanKind::Client, "NotFound").map(|span| span.status) {
        Some(Status::Error { .. }) => "an error",
        Some(Status::Ok) => "marked as good",
        Some(Status::Unset) => "no error",
        None => "lost",
    };
    format!("{code}, {is_error}")
}

async fn refused(bed: &TestBed) -> String {
    let client = bed.refused().await;
    let answer = call(&client, &full("Refused"), &[]).await;
    assert!(answer.is_err(), "nobody listens");
    code(bed.subject, SpanKind::Client, "Refused").await
}

async fn client_late(bed: &TestBed) -> String {
    let headers = [("grpc-timeout", "100m")];
    let answer = call(&bed.layered, &full("Late"), &headers).await;
    assert!(answer.is_err(), "the client's own timer is first");
    code(bed.subject, SpanKind::Client, "Late").await
}

async fn error_type(bed: &TestBed) -> String {
    let _ = call(&bed.layered, &full("Failed"), &[]).await;
    let span = awaited(|| span(&SpanKind::Client, "Failed")).await;
    text_of(span, "error.type")
}

async fn sent_span(bed: &TestBed) -> String {
    let count = || record::spans(&SpanKind::Client).len();
    let before = count();
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    if awaited(|| (before < count()).then_some(())).await.is_none() {
        return "lost".to_owned();
    }
    let span = record::spans(&SpanKind::Client).pop();
    let id = span.map(|span| span.span_context.span_id().to_string());
    let seen = match sent.split('-').nth(2) {
        None => "none",
        sent if sent == id.as_deref() => "the client's",
        Some(_) => "another",
    };
    seen.to_owned()
}

async fn stale(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    match goes_on(&sent).as_str() {
        "goes on" => "replaced".to_owned(),
        other => other.to_owned(),
    }
}

async fn address(bed: &TestBed) -> String {
    let _ = call(&bed.layered, &full("Reached"), &[]).await;
    let span = awaited(|| span(&SpanKind::Client, "Reached")).await;
    text_of(span, "server.address")
}

async fn secret(bed: &TestBed) -> String {
    const SECRET: &str = "secret-7f3b";
    let headers = [("authorization", SECRET)];
    let spans = || [SpanKind::Server, SpanKind::Client].map(|kind| record::spans(&kind).len());
    let before = spans();
    done(bed, "Ok", &headers).await;
    let _ = call(&bed.layered, &full("Ok"), &headers).await;
    // Of both calls at the server, and of the second at the client.
    let have_arrived = || before[0] + 2 <= spans()[0] && before[1] < spans()[1];
    if bed.subject.has_spans() && awaited(|| have_arrived().then_some(())).await.is_none() {
        return "lost".to_owned();
    }
    let told = |kind| {
        let spans = record::spans(&kind);
        spans
            .iter()
            .any(|span| format!("{span:?}").contains(SECRET))
    };
    let seen = if told(SpanKind::Server) || told(SpanKind::Client) {
        "on the span"
    } else if record::page().contains(SECRET) {
        "on the page of metrics"
    } else {
        "nowhere"
    };
    seen.to_owned()
}
