//! What a client's layer makes of a call.

use opentelemetry::trace::{SpanKind, Status};

use super::context::{TRACE, goes_on, relayed, traceparent};
use super::{full, text_of};
use crate::differential::client::call;
use crate::differential::record::{self, awaited, code, span};
use crate::differential::test_bed::TestBed;

pub(super) async fn called(bed: &TestBed, method: &'static str) -> String {
    let _ = call(&bed.layered, &full(method), &[]).await;
    code(bed.subject, SpanKind::Client, method).await
}

pub(super) async fn client_error(bed: &TestBed) -> String {
    let code = called(bed, "NotFound").await;
    let is_error = match span(&SpanKind::Client, "NotFound").map(|span| span.status) {
        Some(Status::Error { .. }) => "an error",
        Some(Status::Ok) => "marked as good",
        Some(Status::Unset) => "no error",
        None => "lost",
    };
    format!("{code}, {is_error}")
}

pub(super) async fn refused(bed: &TestBed) -> String {
    let client = bed.refused().await;
    let answer = call(&client, &full("Refused"), &[]).await;
    assert!(answer.is_err(), "nobody listens");
    code(bed.subject, SpanKind::Client, "Refused").await
}

pub(super) async fn client_late(bed: &TestBed) -> String {
    let headers = [("grpc-timeout", "100m")];
    let answer = call(&bed.layered, &full("Late"), &headers).await;
    assert!(answer.is_err(), "the client's own timer is first");
    code(bed.subject, SpanKind::Client, "Late").await
}

pub(super) async fn error_type(bed: &TestBed) -> String {
    let _ = call(&bed.layered, &full("Failed"), &[]).await;
    let span = awaited(|| span(&SpanKind::Client, "Failed")).await;
    text_of(span, "error.type")
}

pub(super) async fn sent_span(bed: &TestBed) -> String {
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

pub(super) async fn stale(bed: &TestBed) -> String {
    let headers = [("traceparent", &*traceparent(TRACE, "01"))];
    let sent = relayed(bed, &full("Relay"), &headers, "traceparent").await;
    match goes_on(&sent).as_str() {
        "goes on" => "replaced".to_owned(),
        other => other.to_owned(),
    }
}

pub(super) async fn address(bed: &TestBed) -> String {
    let _ = call(&bed.layered, &full("Reached"), &[]).await;
    let span = awaited(|| span(&SpanKind::Client, "Reached")).await;
    text_of(span, "server.address")
}
