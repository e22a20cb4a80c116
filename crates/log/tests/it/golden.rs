//! Whole lines, byte by byte; only the time is taken out.

use throughline_correlation::{CorrelationId, Ids, JobId, Key, RequestId, SessionId};
use throughline_log::{Field, LevelCase, Precision, Schema};

use crate::support::{Strict, line, lines};

/// The line with its time replaced, after a look at the time.
fn timeless(line: &str, digits: usize) -> String {
    let object = Strict::parse(line);
    let time = object.text("timestamp");
    let form: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(form, format!("0000-00-00T00:00:00.{}Z", "0".repeat(digits)));
    assert!("2024" < time, "{time}");
    line.replace(time, "T")
}

fn job_id(id: &str) -> JobId {
    JobId::parse(id).unwrap()
}

/// The schema of requirement K1.
fn kernel() -> Schema {
    Schema::builder()
        .service("kernel")
        .fields([
            Field::timestamp(Precision::Millis),
            Field::level(LevelCase::Upper),
            Field::service(),
            Field::trace_id().required(),
            Field::span_id().required(),
            Field::id(Key::Job).required(),
            Field::named("device_id"),
            Field::stage(),
            Field::message(),
            Field::error(),
        ])
        .build()
        .unwrap()
}

#[test]
fn k1_the_schema_of_a_job_kernel() {
    let lines = lines(kernel(), || {
        tracing::info!("starting");
        let ids = Ids::empty()
            .with(&job_id("job-7"))
            .with(&RequestId::parse("r-1").unwrap());
        ids.at_stage("compile").run(|| {
            tracing::error!(
                root_cause = "connection refused",
                error = "cannot compile",
                device_id = "qpu-1",
                error_kind = "upstream",
                "job {} failed",
                7
            );
        });
    });
    let lines: Vec<_> = lines.iter().map(|line| timeless(line, 3)).collect();
    assert_eq!(
        lines,
        [
            concat!(
                r#"{"timestamp":"T","level":"INFO","service":"kernel","#,
                r#""trace_id":null,"span_id":null,"job_id":null,"message":"starting"}"#
            ),
            concat!(
                r#"{"timestamp":"T","level":"ERROR","service":"kernel","trace_id":null,"#,
                r#""span_id":null,"job_id":"job-7","device_id":"qpu-1","stage":"compile","#,
                r#""message":"job 7 failed","error":"cannot compile","request_id":"r-1","#,
                r#""error_kind":"upstream","root_cause":"connection refused"}"#
            ),
        ]
    );
}

#[test]
fn a1_the_schema_of_an_agent_platform() {
    let schema = Schema::builder()
        .fields([
            Field::timestamp(Precision::Millis),
            Field::level(LevelCase::Lower),
            Field::target(),
            Field::message(),
            Field::trace_id(),
            Field::span_id(),
            Field::file(),
            Field::line(),
            Field::named("user_id"),
            Field::named("agent_id"),
            Field::id(Key::Session),
            Field::id(Key::Request),
            Field::named("duration_ms"),
            Field::error(),
        ])
        .build()
        .unwrap();
    let at = line!() + 3;
    let line = line(schema, || {
        let ids = Ids::empty().with(&SessionId::parse("s-1").unwrap());
        ids.run(|| tracing::info!(target: "gateway", duration_ms = 12.5, user_id = "u-1", "done"));
    });
    let expected = format!(
        concat!(
            r#"{{"timestamp":"T","level":"info","target":"gateway","message":"done","file":"{}","#,
            r#""line":{},"user_id":"u-1","session_id":"s-1","duration_ms":12.5}}"#
        ),
        file!(),
        at
    );
    assert_eq!(timeless(&line, 3), expected);
}

#[test]
fn b2_the_schema_of_a_bench_orchestrator() {
    let schema = Schema::builder()
        .service("worker")
        .fields([
            Field::timestamp(Precision::Micros),
            Field::level(LevelCase::Upper),
            Field::message(),
            Field::service().key("component"),
            Field::named("execution_id").required(),
            Field::named("task_id").required(),
            Field::id(Key::Correlation).required(),
            Field::trace_id().required(),
            Field::span_id().required(),
            Field::context().required(),
        ])
        .allow(["instance", "attempt"])
        .build()
        .unwrap();
    let lines = lines(schema, || {
        tracing::warn!("starting");
        let ids = Ids::empty().with(&CorrelationId::parse("c-1").unwrap());
        ids.run(|| {
            tracing::info!(
                attempt = 2,
                task_id = "t-1",
                instance = "i-1",
                secret = 1,
                "ran"
            )
        });
    });
    let lines: Vec<_> = lines.iter().map(|line| timeless(line, 6)).collect();
    assert_eq!(
        lines,
        [
            concat!(
                r#"{"timestamp":"T","level":"WARN","message":"starting","component":"worker","#,
                r#""execution_id":null,"task_id":null,"correlation_id":null,"trace_id":null,"#,
                r#""span_id":null,"context":{}}"#
            ),
            concat!(
                r#"{"timestamp":"T","level":"INFO","message":"ran","component":"worker","#,
                r#""execution_id":null,"task_id":"t-1","correlation_id":"c-1","trace_id":null,"#,
                r#""span_id":null,"context":{"instance":"i-1","attempt":2},"redacted":1}"#
            ),
        ]
    );
}

#[test]
fn the_default_schema() {
    let line = line(
        Schema::new("api").unwrap(),
        || tracing::debug!(target: "t", "hello"),
    );
    let expected =
        r#"{"timestamp":"T","level":"DEBUG","target":"t","service":"api","message":"hello"}"#;
    assert_eq!(timeless(&line, 6), expected);
}

#[test]
fn optional_fields_may_all_be_absent() {
    let fields = [
        Field::message().optional(),
        Field::context(),
        Field::error(),
    ];
    let schema = Schema::builder()
        .fields(fields)
        .allow(["a"])
        .build()
        .unwrap();
    assert_eq!(line(schema, || tracing::info!(b = 1)), r#"{"redacted":1}"#);
}
