//! Limits of values and of lines.

use std::fmt;

use throughline_log::{Field, LevelCase, MAX_LINE, Precision, Schema};

use crate::support::{Strict, allowing, line};

fn length(line: &str, key: &str) -> usize {
    Strict::parse(line).text(key).len()
}

#[test]
fn each_value_has_a_limit_and_each_cut_is_counted() {
    let long = "x".repeat(1_000_000);
    let line = line(allowing(["v", "w"]), || {
        tracing::info!(
            error = %long, error_kind = long.as_str(), root_cause = %long, v = long.as_str(), w = "short",
            "{long}"
        );
    });
    let lengths =
        ["message", "error", "error_kind", "root_cause", "v"].map(|key| length(&line, key));
    assert_eq!(lengths, [4_096, 2_048, 64, 1_024, 1_024]);
    assert!(line.ends_with(r#""w":"short","truncated":5}"#));
}

#[test]
fn a_value_at_its_limit_is_whole() {
    let text = "x".repeat(4_096);
    let line = line(allowing([]), || tracing::info!("{text}"));
    assert_eq!(line, format!(r#"{{"message":"{text}"}}"#));
}

#[test]
fn a_cut_is_between_characters_and_escapes() {
    for padding in 0..6 {
        for c in ['é', '€', '😀', '\n', '\u{1}', '\u{2028}'] {
            let text = "x".repeat(padding) + &c.to_string().repeat(5_000);
            let line = line(allowing(["v"]), || {
                tracing::info!(v = text.as_str(), "{text}")
            });
            let object = Strict::parse(&line);
            for (key, cap) in [("message", 4_096), ("v", 1_024)] {
                assert!(text.starts_with(object.text(key)), "{line}");
                let escaped = serde_json::to_string(object.text(key)).unwrap().len();
                assert!(escaped <= cap + 2, "{escaped}");
            }
            assert_eq!(object.get("truncated"), Some(&Strict::Number(2.0)));
        }
    }
}

#[test]
fn formatting_stops_at_the_limit() {
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("more and ")?;
            }
        }
    }
    let line = line(allowing([]), || tracing::info!("{Endless}"));
    assert_eq!(length(&line, "message"), 4_096);
}

#[test]
fn a_credential_on_the_limit_is_no_half_credential() {
    let padding = "x".repeat(4_090);
    let line = line(allowing([]), || tracing::info!("{padding} Bearer s3cr3t"));
    assert!(!line.contains("s3"), "{line}");
    let url = "x".repeat(1_000) + "://me:" + &"pw".repeat(1_000) + "@host";
    let schema = allowing(["v"]);
    let line = self::line(schema, || tracing::info!(v = url.as_str(), "m"));
    assert!(!line.contains("pw"), "{line}");
}

#[test]
fn a_line_keeps_its_limit_and_gives_up_application_values_first() {
    let names: Vec<String> = (0..20).map(|i| format!("field_{i:02}")).collect();
    let schema = |required: bool| {
        let named = names.iter().map(|name| {
            let field = Field::named(name.clone());
            if required { field.required() } else { field }
        });
        Schema::builder()
            .service("s")
            .fields([
                Field::timestamp(Precision::Micros),
                Field::level(LevelCase::Upper),
            ])
            .fields(named)
            .fields([Field::service(), Field::message(), Field::error()])
            .build()
            .unwrap()
    };
    let long = "x".repeat(5_000);
    let v = long.as_str();
    for required in [false, true] {
        let line = line(schema(required), || {
            tracing::info!(
                field_00 = v,
                field_01 = v,
                field_02 = v,
                field_03 = v,
                field_04 = v,
                field_05 = v,
                field_06 = v,
                field_07 = v,
                field_08 = v,
                field_09 = v,
                field_10 = v,
                field_11 = v,
                field_12 = v,
                field_13 = v,
                field_14 = v,
                field_15 = v,
                field_16 = v,
                field_17 = "s",
                field_18 = v,
                error = v,
                other = 1,
                "{v}"
            );
        });
        assert!(line.len() < MAX_LINE, "{}", line.len());
        let object = Strict::parse(&line);
        assert_eq!(object.text("message").len(), 4_096);
        assert_eq!(object.text("error").len(), 2_048);
        assert_eq!(object.text("field_00").len(), 1_024);
        assert_eq!(object.text("field_17"), "s");
        assert_eq!(object.get("field_16"), required.then_some(&Strict::Null));
        assert_eq!(object.get("field_19"), required.then_some(&Strict::Null));
        // Message, error and the long values, whether cut or left out.
        assert_eq!(object.get("truncated"), Some(&Strict::Number(20.0)));
        assert_eq!(object.get("redacted"), Some(&Strict::Number(1.0)));
        // Not a value more was given up than had to be.
        assert!(MAX_LINE - 1_500 < line.len(), "{}", line.len());
    }
}
