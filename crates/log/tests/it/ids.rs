//! The ids of the work at hand.

use opentelemetry::{
    Context,
    trace::{TraceContextExt, Tracer, TracerProvider},
};
use opentelemetry_sdk::trace::SdkTracerProvider;
use throughline_correlation::{Ids, JobId, Key, MessageId, RequestId, SessionId, TenantId};
use throughline_log::{Field, Schema};

use crate::support::{Strict, allowing, line, lines};

#[test]
fn trace_and_span_are_those_of_the_active_span() {
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    let context = Context::new().with_span(tracer.start("root"));
    let ids = context.span().span_context().clone();
    let fields = [
        Field::message(),
        Field::trace_id(),
        Field::span_id().key("span"),
    ];
    let schema = Schema::builder().fields(fields).build().unwrap();
    let lines = lines(schema, || {
        tracing::info!("outside");
        {
            let _active = context.attach();
            tracing::info!("inside");
            tracing::info!(target: "opentelemetry_sdk", "of OpenTelemetry itself");
        }
        tracing::info!("outside");
    });
    let inside = format!(
        r#"{{"message":"inside","trace_id":"{}","span":"{}"}}"#,
        ids.trace_id(),
        ids.span_id()
    );
    let outside = r#"{"message":"outside"}"#;
    assert_eq!(
        lines,
        [
            outside,
            &inside,
            r#"{"message":"of OpenTelemetry itself"}"#,
            outside
        ]
    );
}

#[test]
fn a13_ids_and_stage_in_scope_are_on_every_line() {
    let ids = Ids::empty()
        .with(&TenantId::parse("t").unwrap())
        .with(&MessageId::parse("m").unwrap())
        .with(&SessionId::parse("s").unwrap())
        .with(&RequestId::parse("r").unwrap());
    let line = line(allowing([]), || {
        ids.at_stage("run").run(|| tracing::info!("x"))
    });
    let expected = concat!(
        r#"{"message":"x","request_id":"r","session_id":"s","message_id":"m","tenant_id":"t","#,
        r#""stage":"run"}"#
    );
    assert_eq!(line, expected);
}

#[test]
fn an_id_of_the_event_comes_before_the_scope_and_that_before_a_span() {
    let job = |id: &str| {
        Ids::empty()
            .with(&JobId::parse(id).unwrap())
            .at_stage("scope")
    };
    let lines = lines(allowing([]), || {
        let _span =
            tracing::info_span!("s", job_id = "span", request_id = 5, stage = "span").entered();
        tracing::info!("x");
        let _ids = job("scope").enter();
        tracing::info!("x");
        tracing::info!(job_id = %JobId::parse("event").unwrap(), stage = "event", "x");
    });
    let rest = r#""stage":"span"}"#;
    assert_eq!(
        lines[0],
        format!(r#"{{"message":"x","request_id":"5","job_id":"span",{rest}"#)
    );
    let rest = r#""stage":"scope"}"#;
    assert_eq!(
        lines[1],
        format!(r#"{{"message":"x","request_id":"5","job_id":"scope",{rest}"#)
    );
    let rest = r#""stage":"event"}"#;
    assert_eq!(
        lines[2],
        format!(r#"{{"message":"x","request_id":"5","job_id":"event",{rest}"#)
    );
}

#[test]
fn what_is_no_id_does_not_become_one() {
    let schema = Schema::builder()
        .fields([Field::id(Key::Job).required()])
        .build()
        .unwrap();
    let long = "x".repeat(129);
    let lines = lines(schema, || {
        for hostile in ["", "a b", "a\nb", "é", "\u{1b}[31m", &long] {
            tracing::info!(job_id = hostile);
            Ids::empty()
                .with(&JobId::parse("scope").unwrap())
                .run(|| tracing::info!(job_id = %hostile));
        }
    });
    for pair in lines.chunks(2) {
        assert_eq!(
            pair,
            [
                r#"{"job_id":null,"redacted":1}"#,
                r#"{"job_id":"scope","redacted":1}"#
            ]
        );
    }
    assert_eq!(lines.len(), 12);
    assert_eq!(Strict::parse(&lines[0]).get("job_id"), Some(&Strict::Null));
}
