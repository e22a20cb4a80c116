//! Texts that want to be something else.

use std::fmt;

use throughline_log::{Field, Schema};

use crate::support::{Strict, allowing, line, lines};

#[test]
fn what_moves_or_hides_text_is_escaped() {
    let text = "a\n\r\t\"\\\0\u{1b}[31m\u{7f}\u{85}\u{9f}\u{a0}\u{61c}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{2069}é€😀";
    let line = line(allowing(["v"]), || tracing::info!(v = text, "{text}"));
    let escaped = concat!(
        r#"a\n\r\t\"\\\u0000\u001b[31m\u007f\u0085\u009f"#,
        "\u{a0}",
        r"\u061c\u200e\u2028\u2029\u202e\u2066\u2069",
        "é€😀"
    );
    assert_eq!(
        line,
        format!(r#"{{"message":"{escaped}","v":"{escaped}"}}"#)
    );
    assert_eq!(Strict::parse(&line).text("v"), text);
}

#[test]
fn every_character_comes_back() {
    // In pieces that are within the limit of a value in every escape.
    let all: Vec<char> = (0..=0x10_ffff).filter_map(char::from_u32).collect();
    let schema = allowing(["v"]);
    let texts: Vec<String> = all
        .chunks(4_096)
        .map(|piece| piece.iter().collect())
        .collect();
    let mut seen = 0;
    for text in texts {
        let pieces: Vec<String> = text
            .chars()
            .collect::<Vec<_>>()
            .chunks(160)
            .map(|piece| piece.iter().collect())
            .collect();
        let lines = lines(schema.clone(), || {
            for piece in &pieces {
                tracing::info!(v = piece.as_str());
            }
        });
        for (line, piece) in lines.iter().zip(&pieces) {
            assert_eq!(Strict::parse(line).text("v"), piece);
            seen += piece.chars().count();
        }
    }
    assert_eq!(seen, all.len());
}

#[test]
fn keys_targets_and_services_are_escaped_as_well() {
    let fields = [
        Field::service().key("a\"b"),
        Field::target(),
        Field::named("new\nline"),
    ];
    let schema = Schema::builder()
        .service("s\u{202e}")
        .fields(fields)
        .build()
        .unwrap();
    let line = line(schema, || tracing::info!(target: "t\n\"", x = 1));
    assert_eq!(line, r#"{"a\"b":"s\u202e","target":"t\n\"","redacted":1}"#);
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half of a li")?;
        panic!("a Debug that panics")
    }
}

struct Fails;

impl fmt::Debug for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as far as it went")?;
        Err(fmt::Error)
    }
}

#[test]
fn a_value_that_panics_costs_itself_only() {
    let lines = lines(allowing(["a", "b"]), || {
        tracing::info!(a = ?Panics, b = 1, "first");
        tracing::info!("second {Panics:?}");
        let _span = tracing::info_span!("s", a = ?Panics).entered();
        tracing::info!(b = ?Fails, "third");
    });
    assert_eq!(
        lines,
        [
            r#"{"message":"first","a":"[panicked while being formatted]","b":1}"#,
            r#"{"message":"[panicked while being formatted]"}"#,
            concat!(
                r#"{"message":"third","a":"[panicked while being formatted]","#,
                r#""b":"as far as it went","truncated":1}"#
            ),
        ]
    );
}
