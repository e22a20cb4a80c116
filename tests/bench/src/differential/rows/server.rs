//! What a server's layer makes of a call.

use std::collections::BTreeSet;
use std::time::Duration;

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;

use super::{done, full, text_of};
use crate::differential::client::{begin, call, read};
use crate::differential::record::{self, awaited, code, span};
use crate::differential::service::SLOW;
use crate::differential::test_bed::TestBed;

pub(super) async fn served(bed: &TestBed, method: &'static str) -> String {
    done(bed, method, &[]).await;
    code(bed.subject, SpanKind::Server, method).await
}

pub(super) async fn cancelled_early(bed: &TestBed) -> String {
    let client = bed.bare.clone();
    let call = tokio::spawn(async move { begin(&client, &full("CancelledEarly"), &[]).await });
    bed.shared.began.notified().await;
    call.abort();
    code(bed.subject, SpanKind::Server, "CancelledEarly").await
}

pub(super) async fn cancelled_late(bed: &TestBed) -> String {
    let response = begin(&bed.bare, &full("CancelledLate"), &[]).await;
    let response = response.expect("there is a head");
    read(response, 1).await.expect("there is a message");
    code(bed.subject, SpanKind::Server, "CancelledLate").await
}

pub(super) async fn late(bed: &TestBed) -> String {
    done(bed, "Late", &[("grpc-timeout", "100m")]).await;
    code(bed.subject, SpanKind::Server, "Late").await
}

pub(super) async fn duration(bed: &TestBed) -> String {
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

pub(super) async fn in_flight(_: &TestBed) -> String {
    let under_way = || {
        let started = record::sum("grpc_server_started_total", None);
        started - record::sum("grpc_server_handled_total", None)
    };
    let left = awaited(|| Some(under_way()).filter(|left| *left == 0.0)).await;
    left.unwrap_or_else(under_way).to_string()
}

pub(super) async fn sent(bed: &TestBed) -> String {
    done(bed, "Ok", &[]).await;
    let calls = record::sum("grpc_server_handled_total", Some("Ok"));
    let messages = record::sum("grpc_server_msg_sent_total", Some("Ok"));
    (messages / calls).to_string()
}

pub(super) async fn invented(bed: &TestBed) -> String {
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

pub(super) async fn quiet(bed: &TestBed) -> String {
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

pub(super) async fn system(bed: &TestBed) -> String {
    done(bed, "Reached", &[]).await;
    let span = awaited(|| span(&SpanKind::Server, "Reached")).await;
    text_of(span, "rpc.system.name")
}

pub(super) async fn server_error(bed: &TestBed) -> String {
    done(bed, "Failed", &[]).await;
    let span = awaited(|| span(&SpanKind::Server, "Failed")).await;
    let seen = span.map(|span| match span.status {
        Status::Unset => "no",
        Status::Error { .. } => "yes",
        Status::Ok => "no, it is marked as good",
    });
    seen.unwrap_or("lost").to_owned()
}
