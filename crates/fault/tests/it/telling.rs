//! What one fault says: a log event, a count, a marked span.

use opentelemetry::{
    Context, KeyValue,
    trace::{Status, TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use throughline_fault::Fault;
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
    assert_eq!(fault.root_cause(), Some("10.0.0.7 refused"));
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
fn a_fault_told_elsewhere_says_nothing_here() {
    let mut kept = None;
    let (span, lines, counts) =
        told(|| in_span(|| kept = Some(Fault::told_elsewhere("store_down".to_owned(), "down"))));
    assert!(lines.is_empty(), "{lines:?}");
    assert!(counts.is_empty(), "{counts:?}");
    assert_eq!(span.status, Status::Unset);
    assert!(span.attributes.is_empty());
    let fault = kept.unwrap();
    assert_eq!(
        (fault.kind(), fault.to_string().as_str()),
        ("store_down", "down")
    );
    assert_eq!(fault.root_cause(), None);
    assert!(std::error::Error::source(&fault).is_none());
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
    travels(&Fault::told_elsewhere("kind", "text"));
}
