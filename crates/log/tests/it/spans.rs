//! What spans pass down.

use std::time::Duration;

use throughline_log::{Field, LogLayer, MemorySink, Schema, Writer};
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt};

use crate::support::{LONG, allowing, line, lines};

#[test]
fn the_nearest_value_wins() {
    let lines = lines(allowing(["a", "b", "c"]), || {
        let _outer = tracing::info_span!("outer", a = 1, b = 1, c = 1).entered();
        let _inner = tracing::info_span!("inner", a = 2, b = 2).entered();
        tracing::info!(a = 3, "x");
        tracing::info!("y");
    });
    assert_eq!(
        lines,
        [
            r#"{"message":"x","a":3,"b":2,"c":1}"#,
            r#"{"message":"y","a":2,"b":2,"c":1}"#
        ]
    );
}

#[test]
fn what_is_recorded_later_is_passed_down_from_then_on() {
    let lines = lines(allowing(["a", "b"]), || {
        let outer = tracing::info_span!("o", a = tracing::field::Empty, b = 1, hidden = 1);
        let _entered = outer.clone().entered();
        let _inner = tracing::info_span!("i").entered();
        tracing::info!("1");
        outer.record("a", "first");
        tracing::info!("2");
        outer
            .record("a", "x".repeat(2_000).as_str())
            .record("hidden", 2);
        outer.record("a", 7);
        tracing::info!("3");
    });
    assert_eq!(
        lines,
        [
            r#"{"message":"1","b":1,"redacted":1}"#,
            r#"{"message":"2","a":"first","b":1,"redacted":1}"#,
            r#"{"message":"3","a":7,"b":1,"redacted":1}"#,
        ]
    );
}

#[test]
fn message_and_error_of_a_span_are_not_those_of_its_events() {
    let line = line(allowing([]), || {
        let _span = tracing::info_span!("s", message = "span", error = "span").entered();
        tracing::info!(x = 1);
    });
    assert_eq!(line, r#"{"message":null,"redacted":3}"#);
}

#[test]
fn an_explicit_parent_is_the_span_around() {
    let lines = lines(allowing(["a"]), || {
        let parent = tracing::info_span!("p", a = "parent");
        let _other = tracing::info_span!("o", a = "other").entered();
        tracing::info!(parent: &parent, "x");
        tracing::info!(parent: None, "y");
    });
    assert_eq!(
        lines,
        [r#"{"message":"x","a":"parent"}"#, r#"{"message":"y"}"#]
    );
}

#[test]
fn two_layers_in_one_subscriber_keep_to_their_own_schema() {
    let of = |name: &'static str| Schema::builder().field(Field::named(name)).build().unwrap();
    let sinks = [MemorySink::default(), MemorySink::default()];
    let (a, a_guard) = Writer::to(sinks[0].clone()).unwrap();
    let (b, b_guard) = Writer::to(sinks[1].clone()).unwrap();
    let subscriber = tracing_subscriber::registry()
        .with(LogLayer::new(of("a"), a).with_filter(LevelFilter::INFO))
        .with(LogLayer::new(of("b"), b).with_filter(LevelFilter::DEBUG));
    tracing::subscriber::with_default(subscriber, || {
        let _span = tracing::info_span!("s", a = 1, b = 2).entered();
        let _fine = tracing::debug_span!("s", a = 3, b = 4).entered();
        tracing::info!("x");
        tracing::debug!("x");
    });
    a_guard.flush(LONG);
    b_guard.flush(LONG);
    // The span and the message are not in the schemas.
    assert_eq!(sinks[0].lines(), [r#"{"a":1,"redacted":2}"#]);
    let second = r#"{"b":4,"redacted":3}"#;
    assert_eq!(sinks[1].lines(), [second, second]);
    assert_eq!(a_guard.shutdown(Duration::ZERO).unwritten, 0);
}
