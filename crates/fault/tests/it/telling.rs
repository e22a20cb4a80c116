//! What one fault says: a log event, a count, a marked span.

use opentelemetry::{
    Context, KeyValue,
    trace::{Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use throughline_fault::{Fault, FaultId, PeerError};
use tracing::Level;

use crate::support::{Line, Link, counted, told};

fn store_down() -> Link {
    Link::chain(["the store is down", "10.0.0.7 refused"].into_iter())
}

fn assert_fields(line: &Line, kind: &str) {
    let fields: Vec<_> = line
        .fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(
        fields,
        [
            ("error", "the store is down"),
            ("error_kind", kind),
            ("message", kind),
            ("root_cause", "10.0.0.7 refused"),
        ]
    );
}

/// The span in which `f` ran.
fn in_span(f: impl FnOnce()) -> SpanData {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let span = provider.tracer("test").start("work");
    let cx = Context::new().with_span(span);
    let entered = cx.clone().attach();
    f();
    drop(entered);
    cx.span().end();
    let mut spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans.len(), 1);
    spans.remove(0)
}

#[test]
fn an_error_is_one_event_at_level_error_and_one_count() {
    let (fault, lines, counts) = told(|| Fault::error("store_down", store_down()));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].level, Level::ERROR);
    assert_fields(&lines[0], "store_down");
    assert_eq!(counts, [counted("error")]);
    assert_eq!(fault.kind(), "store_down");
    assert_eq!(fault.root_cause(), "10.0.0.7 refused");
}

#[test]
fn a_warning_is_one_event_at_level_warn_and_one_count() {
    let (fault, lines, counts) = told(|| Fault::warning("bad_circuit", store_down()));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].level, Level::WARN);
    assert_fields(&lines[0], "bad_circuit");
    assert_eq!(counts, [counted("warning")]);
    assert_eq!(fault.kind(), "bad_circuit");
}

#[test]
fn an_error_fails_the_span_without_saying_why() {
    let span = told(|| in_span(|| drop(Fault::error("store_down", store_down())))).0;
    assert_eq!(span.status, Status::error(""));
    assert_eq!(span.attributes, [KeyValue::new("error.type", "store_down")]);
    assert_eq!(span.events.len(), 0);
}

#[test]
fn a_warning_marks_the_span_and_does_not_fail_it() {
    let span = told(|| in_span(|| drop(Fault::warning("bad_circuit", store_down())))).0;
    assert_eq!(span.status, Status::Unset);
    assert_eq!(
        span.attributes,
        [KeyValue::new("error.type", "bad_circuit")]
    );
}

#[test]
fn k6_what_a_peer_has_told_is_one_event_at_level_debug_and_no_count() {
    let id = FaultId::parse(b"00f067aa0ba902b7");
    for make in [Fault::error, Fault::warning] {
        let error = || PeerError::new(store_down(), id);
        let mut kept = None;
        let (span, lines, counts) = told(|| in_span(|| kept = Some(make("store_down", error()))));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0].level, Level::DEBUG);
        let message = "store_down; told in span 00f067aa0ba902b7";
        assert_eq!(lines[0].fields["message"], message);
        assert_eq!(lines[0].fields["root_cause"], "10.0.0.7 refused");
        assert!(counts.is_empty(), "{counts:?}");
        // The span here failed as well, whoever told of it.
        assert_eq!(span.attributes, [KeyValue::new("error.type", "store_down")]);
        assert_eq!(kept.unwrap().id(), id.unwrap(), "it goes on to the next");
    }
}

#[test]
fn k6_what_a_peer_has_not_told_is_told_here() {
    let (fault, lines, counts) =
        told(|| Fault::error("store_down", PeerError::new(store_down(), None)));
    assert_eq!(lines[0].level, Level::ERROR);
    assert_fields(&lines[0], "store_down");
    assert_eq!(counts, [counted("error")]);
    // And once only, whatever is made of it.
    let (_, lines, _) = told(|| Fault::error("request_failed", PeerError::new(fault, None)));
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn a_faults_id_is_the_span_that_it_was_told_in() {
    let mut id = None;
    let span = told(|| in_span(|| id = Some(Fault::error("kind", "text").id()))).0;
    assert_eq!(
        id.unwrap().to_string(),
        span.span_context.span_id().to_string()
    );
    // Without a span it is one of its own.
    let [one, other] = [(); 2].map(|()| told(|| Fault::error("kind", "text")).0.id());
    assert_ne!(one, other);
}

#[test]
fn neither_display_nor_debug_shows_the_root_cause() {
    let (fault, ..) = told(|| Fault::error("store_down", store_down()));
    for shown in [
        format!("{fault}"),
        format!("{fault:?}"),
        format!("{fault:#?}"),
    ] {
        assert!(!shown.contains("10.0.0.7"), "{shown}");
        assert!(shown.contains("the store is down"), "{shown}");
    }
    assert!(format!("{fault:?}").contains("store_down"));
}

#[test]
fn what_is_behind_the_error_is_its_source() {
    let (fault, ..) = told(|| Fault::error("store_down", store_down()));
    let source = std::error::Error::source(&fault).unwrap();
    assert_eq!(source.to_string(), "10.0.0.7 refused");
    assert!(source.source().is_none());
}

#[test]
fn a_fault_goes_where_errors_go() {
    fn travels<T: std::error::Error + Send + Sync + 'static>(_: &T) {}
    travels(&told(|| Fault::error("kind", "text")).0);
}
