//! The rows: what happens, what is right, and how a subject is asked.

mod client;
mod context;
mod server;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::Value;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::SpanData;
use tokio::time::timeout;

use self::client::*;
use self::context::*;
use self::server::*;
use super::client::{Headers, call};
use super::record::{self, attribute, awaited};
use super::subject::Subject;
use super::table::NOT_CLAIMED;
use super::test_bed::TestBed;

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

/// The attribute of a span, as text.
fn text_of(span: Option<SpanData>, name: &str) -> String {
    match span.map(|span| attribute(&span, &[name])) {
        Some(Some(Value::String(text))) if text.as_str().is_empty() => "empty".to_owned(),
        Some(Some(value)) => value.to_string(),
        Some(None) => "absent".to_owned(),
        None => "lost".to_owned(),
    }
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
