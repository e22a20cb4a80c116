//! K6: an error is told once, where it came from.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use xtask::{
    http::{Request, Response, raw, split},
    stack::Line,
    systems::job_kernel::{Role, Stack},
};

use crate::harness::{
    all_lines, bell, faulty, get, kill, line, post, run, start, start_with_kernel, text, trace_of,
};

/// What tells an error, at whatever level: a caller's mistake is a warning.
fn is_error(line: &Line) -> bool {
    line.text_of("error_kind").is_some() || matches!(line.text_of("level"), Some("ERROR" | "WARN"))
}

/// The lines that tell an error in a trace, after every program has ended.
fn errors(stack: &Stack, trace: &str) -> Vec<(Role, Arc<Line>)> {
    let mut lines = all_lines(stack);
    lines.retain(|(_, line)| line.text_of("trace_id") == Some(trace) && is_error(line));
    lines
}

/// The one line of this trace that tells an error: who told it, and the line.
#[track_caller]
fn told_once(stack: &Stack, trace: &str, by: Role, kind: &str) -> Arc<Line> {
    let lines = errors(stack, trace);
    let texts: Vec<&str> = lines.iter().map(|(_, line)| line.text()).collect();
    assert_eq!(lines.len(), 1, "{kind}:\n{}", texts.join("\n"));
    let (role, line) = &lines[0];
    assert_eq!(
        (*role, line.text_of("error_kind")),
        (by, Some(kind)),
        "{texts:?}"
    );
    for key in ["error", "root_cause", "request_id"] {
        assert!(
            line.text_of(key).is_some_and(|text| !text.is_empty()),
            "no `{key}`: {texts:?}"
        );
    }
    Arc::clone(line)
}

/// What a refused request is answered with: its body, after a look at its form.
#[track_caller]
fn refusal(answer: &Response, status: u16, kind: &str) -> Value {
    let body = answer.json().unwrap();
    assert_eq!(
        (answer.status.as_u16(), text(&body, "error_kind")),
        (status, kind),
        "{body}"
    );
    assert!(!text(&body, "error").is_empty());
    assert_eq!(
        answer.header("x-request-id"),
        Some(text(&body, "request_id")),
        "{body}"
    );
    assert_eq!(body.get("root_cause"), None, "the cause stays inside");
    body
}

#[tokio::test]
async fn k6_a_mistake_in_a_circuit_is_told_once_by_the_compiler() {
    let stack = start().await;
    let cases = [
        ("qreg q[2];\n  hh q[0];", 400, "unknown_gate", (2, 3)),
        ("qreg q[2]; h q[; measure q;", 400, "syntax", (1, 16)),
        (
            "qreg q[17]; h q[0]; measure q;",
            422,
            "too_many_qubits",
            (1, 8),
        ),
    ];
    let mut traces = Vec::new();
    for (circuit, status, kind, (line, column)) in cases {
        let mut job = bell();
        job["circuit"] = circuit.into();
        let answer = post(&stack, &job).send().await.unwrap();
        let body = refusal(&answer, status, kind);
        assert_eq!(
            (&body["line"], &body["column"]),
            (&json!(line), &json!(column)),
            "{body}"
        );
        let mark = answer.header("x-fault-id").map(str::to_owned);
        traces.push((trace_of(&answer), kind, mark));
    }
    stack.end().await.unwrap();
    for (trace, kind, mark) in traces {
        let line = told_once(&stack, &trace, Role::Compiler, kind);
        assert_eq!(line.text_of("level"), Some("WARN"));
        // Over two hops the answer says where the line stands.
        assert_eq!(line.text_of("span_id"), mark.as_deref());
    }
}

#[tokio::test]
async fn k6_a_drivers_failure_is_told_once_by_the_driver_manager() {
    let stack = start().await;
    let (answer, _, job) = run(&stack, &faulty("fail")).await;
    assert_eq!(
        (text(&job, "state"), text(&job, "error_kind")),
        ("failed", "driver_failed")
    );
    let (good, ..) = run(&stack, &bell()).await;
    stack.end().await.unwrap();
    let line = told_once(
        &stack,
        &trace_of(&answer),
        Role::DriverManager,
        "device_fault",
    );
    assert_eq!(line.text_of("job_id"), Some(text(&job, "job_id")));
    assert_eq!(
        errors(&stack, &trace_of(&good)).len(),
        0,
        "a job that succeeds has no errors"
    );
}

#[tokio::test]
async fn k6_what_nobody_else_can_tell_the_caller_tells_once() {
    // Gone, or too slow: the kernel is the first to know.
    let stack = start_with_kernel(&["--execute-timeout", "200ms"]).await;
    let (slow, _, job) = run(&stack, &faulty("stall")).await;
    assert_eq!(text(&job, "error_kind"), "driver_timeout");
    kill(&stack, Role::DriverManager).await;
    let (gone, _, job) = run(&stack, &bell()).await;
    assert_eq!(text(&job, "error_kind"), "driver_unavailable");
    kill(&stack, Role::Compiler).await;
    let refused = post(&stack, &bell()).send().await.unwrap();
    refusal(&refused, 503, "unavailable");
    // And without a kernel it is the API.
    line(&stack, Role::Kernel, |line| {
        line.text_of("error_kind") == Some("compiler_unavailable")
    })
    .await;
    kill(&stack, Role::Kernel).await;
    let alone = post(&stack, &bell()).send().await.unwrap();
    refusal(&alone, 503, "unavailable");
    stack.end().await.unwrap();

    told_once(&stack, &trace_of(&slow), Role::Kernel, "driver_timeout");
    told_once(&stack, &trace_of(&gone), Role::Kernel, "driver_unavailable");
    told_once(
        &stack,
        &trace_of(&refused),
        Role::Kernel,
        "compiler_unavailable",
    );
    told_once(&stack, &trace_of(&alone), Role::SystemApi, "unavailable");
}

#[tokio::test]
async fn k6_what_the_api_refuses_it_tells_once() {
    let stack = start().await;
    let null = post(&stack, &Value::Null);
    let mut spec = bell();
    spec["shots"] = 0.into();
    let unknown = "/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057";
    let cases = [
        (null.clone().body(""), 400, "empty_body"),
        (null.clone().body("{"), 400, "malformed_json"),
        (
            null.clone().body(r#"{"password": "x"}"#),
            400,
            "invalid_field",
        ),
        (null.body(vec![b' '; 1_100_000]), 413, "body_too_large"),
        (post(&stack, &spec), 422, "shots_out_of_range"),
        (get(&stack, unknown), 404, "unknown_job"),
        (get(&stack, "/v1/jobs/nope/events"), 404, "unknown_job"),
        (get(&stack, "/nothing"), 404, "unknown_route"),
        (
            Request::new(http::Method::PUT, stack.url("/v1/jobs")),
            405,
            "method_not_allowed",
        ),
    ];
    let mut traces = Vec::new();
    for (request, status, kind) in cases {
        let answer = request.send().await.unwrap();
        refusal(&answer, status, kind);
        traces.push((trace_of(&answer), kind));
    }
    stack.end().await.unwrap();
    for (trace, kind) in traces {
        let line = told_once(&stack, &trace, Role::SystemApi, kind);
        assert!(
            !line.text().contains("password"),
            "a body is not for the log: {}",
            line.text()
        );
    }
}

#[tokio::test]
async fn k6_too_long_a_body_is_refused_before_it_is_read() {
    let stack = start().await;
    let head = "POST /v1/jobs HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    let length = 10 << 20;
    let request = format!(
        "{head}content-length: {length}\r\n\r\n{}",
        " ".repeat(length)
    );
    let address = stack.role(Role::SystemApi).address();
    let answer = raw(address, request.as_bytes(), Duration::from_secs(60))
        .await
        .unwrap();
    let (status, answer) = split(&answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((status, text(&body, "error_kind")), (413, "body_too_large"));
    let id = text(&body, "request_id");
    assert!(
        answer.contains(&format!("x-request-id: {id}\r\n")),
        "{answer}"
    );
}

#[tokio::test]
async fn k6_a_kernel_that_has_no_room_says_so_once() {
    let stack = start_with_kernel(&["--max-running", "1", "--execute-timeout", "60s"]).await;
    post(&stack, &faulty("stall")).send().await.unwrap();
    let answer = post(&stack, &bell()).send().await.unwrap();
    refusal(&answer, 503, "busy");
    stack.end().await.unwrap();
    told_once(&stack, &trace_of(&answer), Role::Kernel, "busy");
}
