//! Values of every type, and who may be written.

use std::{error::Error, fmt};

use throughline_log::{Field, LevelCase, Schema};

use crate::support::{Strict, allowing, line, lines};

#[test]
fn numbers_are_numbers_where_readers_keep_them() {
    let schema = allowing(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
    let line = line(schema, || {
        tracing::info!(
            a = -1,
            b = u64::MAX,
            c = 0.1,
            d = f64::NAN,
            e = f64::NEG_INFINITY,
            f = u128::MAX,
            g = true,
            h = 1e300,
            i = i128::MIN,
            j = -0.0,
            "n"
        );
    });
    let rest = concat!(
        r#""a":-1,"b":18446744073709551615,"c":0.1,"d":"NaN","e":"-inf","#,
        r#""f":"340282366920938463463374607431768211455","g":true,"h":1e+300,"#,
        r#""i":"-170141183460469231731687303715884105728","j":-0.0}"#
    );
    assert_eq!(line, format!(r#"{{"message":"n",{rest}"#));
    Strict::parse(&line);
}

#[test]
fn texts_of_the_standard_are_texts_whatever_is_given() {
    let line = line(allowing([]), || {
        tracing::info!(message = 5, error = true, error_kind = 1.5)
    });
    assert_eq!(line, r#"{"message":"5","error":"true","error_kind":"1.5"}"#);
}

#[test]
fn debug_display_and_bytes() {
    let line = line(allowing(["a", "b", "c"]), || {
        tracing::info!(a = ?Some(1), b = %"x", c = &b"ok \xff\x80 ok"[..], "v");
    });
    assert_eq!(
        line,
        r#"{"message":"v","a":"Some(1)","b":"x","c":"ok �� ok"}"#
    );
}

#[derive(Debug)]
struct Failure(&'static str, Option<Box<Failure>>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|source| source as _)
    }
}

#[test]
fn an_error_brings_its_root_cause_unless_it_is_told() {
    let failure = Failure(
        "top",
        Some(Failure("middle", Some(Failure("root", None).into())).into()),
    );
    let error: &(dyn Error + 'static) = &failure;
    let lines = lines(allowing([]), || {
        tracing::info!(error, "1");
        tracing::info!(error, root_cause = "told", "2");
        tracing::info!(root_cause = "told", error, "3");
        tracing::info!(error = %failure, "4");
    });
    assert_eq!(
        lines,
        [
            r#"{"message":"1","error":"top","root_cause":"root"}"#,
            r#"{"message":"2","error":"top","root_cause":"told"}"#,
            r#"{"message":"3","error":"top","root_cause":"told"}"#,
            r#"{"message":"4","error":"top"}"#,
        ]
    );
}

#[test]
fn nothing_that_is_not_allowed_gets_out() {
    const CANARY: &str = "canary-4711";
    struct Untouchable;
    impl fmt::Debug for Untouchable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("a field that is not allowed was formatted")
        }
    }
    let lines = lines(allowing(["driver"]), || {
        let span = tracing::info_span!(
            "s",
            authorization = CANARY,
            driver = "d",
            later = tracing::field::Empty
        );
        span.record("later", CANARY);
        let _span = span.entered();
        tracing::info!(token = CANARY, password = ?CANARY, otel.name = CANARY, x = 4711, "m");
        tracing::info!(untouchable = ?Untouchable, Driver = CANARY, driver2 = CANARY, "m");
    });
    assert_eq!(
        lines,
        [
            r#"{"message":"m","driver":"d","redacted":5}"#,
            r#"{"message":"m","driver":"d","redacted":5}"#,
        ]
    );
}

#[test]
fn credentials_in_texts_are_taken_out() {
    let line = line(allowing(["url"]), || {
        tracing::info!(
            error = %"GET https://me:pw@host/: 401",
            root_cause = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl expired",
            url = "redis://:pw@cache:6379",
            "sent Authorization: {} {}", "bearer", "abc"
        );
    });
    assert_eq!(
        line,
        concat!(
            r#"{"message":"sent Authorization: bearer [redacted]","#,
            r#""error":"GET https://[redacted]@host/: 401","root_cause":"[redacted] expired","#,
            r#""url":"redis://[redacted]@cache:6379"}"#
        )
    );
}

#[test]
fn standard_fields_cannot_be_forged() {
    let fields = [
        Field::level(LevelCase::Upper),
        Field::trace_id().required(),
        Field::message(),
    ];
    let schema = Schema::builder().fields(fields).build().unwrap();
    let line = line(schema, || {
        tracing::info!(
            timestamp = "1999",
            level = "ERROR",
            trace_id = "f",
            redacted = 0,
            "m"
        );
    });
    assert_eq!(
        line,
        r#"{"level":"INFO","trace_id":null,"message":"m","redacted":4}"#
    );
}

#[test]
fn records_of_the_log_crate_keep_their_origin() {
    let fields = [
        Field::target(),
        Field::file(),
        Field::line(),
        Field::message(),
    ];
    let schema = Schema::builder().fields(fields).build().unwrap();
    let lines = lines(schema, || {
        tracing::info!(
            target: "log",
            { log.target = "hyper::client", log.module_path = "hyper", log.file = "client.rs", log.line = 3_u64 },
            "connected"
        );
        tracing::info!(target: "not_log", { log.target = "forged", log.line = 3_u64 }, "m");
    });
    let expected =
        r#"{"target":"hyper::client","file":"client.rs","line":3,"message":"connected"}"#;
    assert_eq!(lines[0], expected);
    assert_eq!(Strict::parse(&lines[1]).text("target"), "not_log");
    assert!(lines[1].ends_with(r#""redacted":2}"#), "{}", lines[1]);
}
