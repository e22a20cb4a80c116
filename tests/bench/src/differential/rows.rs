//! The rows: what happens, what is right, and how a subject is asked.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::Value;
use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use tokio::time::timeout;

use super::client::{Headers, begin, call, read};
use super::record::{self, attribute, awaited, code, span};
use super::service::SLOW;
use super::subject::Subject;
use super::table::NOT_CLAIMED;
use super::test_bed::TestBed;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
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

const fn messages(subject: Subject) -> bool {
    matches!(subject, Subject::Ours)
}

rows! {
    all, "server: the call succeeds" => "OK", |bed| served(bed, "Ok");
    all, "server: it fails before its first message" => "NOT_FOUND", |bed| served(bed, "NotFound");
    all, "server: a stream fails after three messages" => "INTERNAL", |bed| served(bed, "FailsLate");
    all, "server: the status is 999" => "UNKNOWN", |bed| served(bed, "Odd");
    all, "server: the stream ends without a status" => "UNKNOWN", |bed| served(bed, "Absent");
    all, "server: the client cancels before the head" => "CANCELLED", cancelled_early;
    all, "server: the client cancels in mid-stream" => "CANCELLED", cancelled_late;
    all, "server: the deadline passes" => "DEADLINE_EXCEEDED", late;
    all, "server: the handler panics" => "INTERNAL", |bed| served(bed, "Panics");
    all, "server: gRPC-Web, the status in the body" => "NOT_FOUND", |bed| served(bed, "Web");
    all, "server: what a stream of 200 ms is said to take" => "all of it", duration;
    metrics, "server: calls in flight after all of these" => "0", in_flight;
    messages, "server: messages counted, of three sent" => "3", sent;
    all, "server: what 50 invented methods add" => "no names, no series", invented;
    spans, "server: is `NOT_FOUND` the server's error?" => "no", server_error;
    spans, "context: the caller's span" => "the parent", parent;
    spans, "context: two `traceparent`s" => "a new trace", two_parents;
    spans, "context: two `tracestate` headers, sent on" => "a=1,b=2", two_states;
    spans, "context: no `tracestate`, sent on" => "none", no_state;
    spans, "context: the flags 03, sent on" => "03", random;
    spans, "context: where no span is recorded" => "goes on", unsampled;
    filters, "context: where the method is left out" => "goes on", left_out;
    spans, "client: the answer is `NOT_FOUND`" => "NOT_FOUND, an error", client_error;
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
        times.push(time.and_then(Result::ok).unwrap_or_default());
    }
    if bed.subject.has_metrics() {
        let sum = || record::sum("grpc_server_handling_seconds_sum", Some("Slow"));
        let sum = awaited(|| Some(sum()).filter(|sum| *sum != 0.0)).await;
        times.push(Duration::from_secs_f64(sum.unwrap_or_default()));
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

async fn server_error(_: &TestBed) -> String {
    let span = awaited(|| span(&SpanKind::Server, "NotFound")).await;
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

/// The last server span of a `Relay`, which is waited for: there must be `before` without it.
async fn relay_span(
    bed: &TestBed,
    headers: Headers<'_>,
) -> Option<opentelemetry_sdk::trace::SpanData> {
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

async fn address(bed: &TestBed) -> String {
    let _ = call(&bed.layered, &full("Ok"), &[]).await;
    let span = awaited(|| span(&SpanKind::Client, "Ok")).await;
    match span.map(|span| attribute(&span, &["server.address"])) {
        Some(Some(Value::String(address))) if address.as_str().is_empty() => "empty".to_owned(),
        Some(Some(address)) => address.to_string(),
        Some(None) => "absent".to_owned(),
        None => "lost".to_owned(),
    }
}

async fn secret(bed: &TestBed) -> String {
    const SECRET: &str = "secret-7f3b";
    let headers = [("authorization", SECRET)];
    done(bed, "Ok", &headers).await;
    let _ = call(&bed.layered, &full("Ok"), &headers).await;
    // The last record of this process: what comes after it is waited for in vain.
    let told = |kind| {
        record::spans(&kind)
            .iter()
            .any(|span| format!("{span:?}").contains(SECRET))
    };
    let seen = awaited(|| {
        if told(SpanKind::Server) || told(SpanKind::Client) {
            Some("on the span")
        } else if record::page().contains(SECRET) {
            Some("on the page of metrics")
        } else {
            None
        }
    });
    seen.await.unwrap_or("nowhere").to_owned()
}
