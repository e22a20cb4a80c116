//! That the four programs work together: answers, results, and how programs start and stop.

use std::{net::TcpListener, process::Command, time::Duration};

use http::StatusCode;
use serde_json::{Value, json};
use xtask::{
    http::{raw, split},
    systems::job_kernel::{Role, Stack},
};

use crate::harness::{
    BELL, bell, faulty, get, job_id, kill, post, run, start, start_with_kernel, text,
};

/// What an answer says is wrong.
async fn refusal(stack: &Stack, body: &str) -> (u16, Value) {
    let answer = post(stack, &Value::Null)
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    (answer.status.as_u16(), answer.json().unwrap())
}

#[tokio::test]
async fn a_job_runs_to_its_end() {
    let stack = start().await;
    let job = json!({"circuit": BELL, "shots": 2000, "options": {"seed": 5}});
    let (_, _, done) = run(&stack, &job).await;
    assert_eq!(
        (&done["state"], &done["driver"], &done["cancelled_gates"]),
        (&json!("completed"), &json!("statevector"), &json!(2))
    );
    let counts = done["counts"].as_object().unwrap();
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["00", "11"]);
    let shots: u64 = counts.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(shots, 2000);
    let (_, _, again) = run(&stack, &job).await;
    assert_eq!(again["counts"], done["counts"], "the seed is the same");

    // The largest result there is.
    let largest = json!({"circuit": "qreg q[16]; h q; measure q;", "shots": 100_000});
    assert_eq!(run(&stack, &largest).await.2["state"], "completed");
}

#[tokio::test]
async fn jobs_fail_where_their_driver_does() {
    async fn check(stack: &Stack, job: &Value, kind: &str, last: &str) {
        let (_, events, job) = run(stack, job).await;
        assert_eq!(
            (&job["state"], &job["error_kind"]),
            (&json!("failed"), &json!(kind)),
            "{job}"
        );
        let step = events.last().unwrap();
        let word = |key| text(step, key);
        assert_eq!(
            format!("{}: {} > {}", word("stage"), word("from"), word("to")),
            last
        );
        assert!(job["counts"].is_null());
        let told = text(&job, "error");
        assert!(
            !told.is_empty() && !told.contains("device"),
            "the driver's own words stay inside: {told}"
        );
    }
    let stack = start().await;
    let plain = json!({"circuit": BELL, "driver": "faulty"});
    check(&stack, &plain, "driver_failed", "execute: running > failed").await;
    check(
        &stack,
        &faulty("fail"),
        "driver_failed",
        "execute: running > failed",
    )
    .await;
    let impatient = start_with_kernel(&["--execute-timeout", "200ms"]).await;
    check(
        &impatient,
        &faulty("stall"),
        "driver_timeout",
        "execute: running > failed",
    )
    .await;
    kill(&stack, Role::DriverManager).await;
    check(
        &stack,
        &plain,
        "driver_unavailable",
        "schedule: compiled > failed",
    )
    .await;
}

#[tokio::test]
async fn mistakes_are_told_in_json() {
    let stack = start().await;
    let check = async |body: &str, status: u16, kind: &str, place: Option<(u32, u32)>| {
        let (found, error) = refusal(&stack, body).await;
        assert_eq!(
            (found, text(&error, "error_kind")),
            (status, kind),
            "{body:.80}: {error}"
        );
        assert!(!text(&error, "error").is_empty(), "{error}");
        let (line, column) = place.unzip();
        assert_eq!(
            (error.get("line"), error.get("column")),
            (
                line.map(Value::from).as_ref(),
                column.map(Value::from).as_ref()
            ),
            "{error}"
        );
    };
    let source = r#"{"circuit": "qreg q[2];\n  hh q[0];"}"#;
    check(source, 400, "unknown_gate", Some((2, 3))).await;
    let wide = r#"{"circuit": "qreg q[17]; h q; measure q;"}"#;
    check(wide, 422, "too_many_qubits", Some((1, 8))).await;
    check(r#"{"circuit": ""}"#, 400, "empty_circuit", Some((1, 1))).await;
    let long = json!({"circuit": format!("qreg q[16];{}", "h q;".repeat(20_000))});
    check(&long.to_string(), 422, "too_large", Some((1, 25_012))).await;
    for shots in ["0", "-1", "2.5", "100001", "1e30", "18446744073709551616"] {
        let body = format!(r#"{{"circuit": "", "shots": {shots}}}"#);
        check(&body, 422, "shots_out_of_range", None).await;
    }
    check(
        r#"{"circuit": "", "driver": "nope"}"#,
        422,
        "unknown_driver",
        None,
    )
    .await;
    let option = r#"{"circuit": "", "options": {"mode": "fail"}}"#;
    check(option, 422, "bad_option", None).await;
    let many = r#"{"circuit": "", "shots": "many"}"#;
    check(many, 400, "invalid_field", Some((1, 31))).await;
    check(r#"{"shots": 1}"#, 400, "invalid_field", Some((1, 12))).await;
    check(
        r#"{"circuit": "", "shot": 1}"#,
        400,
        "invalid_field",
        Some((1, 22)),
    )
    .await;
    check(r#"{"circuit": 1}"#, 400, "invalid_field", Some((1, 13))).await;
    check("", 400, "empty_body", None).await;
    check(" \n", 400, "empty_body", None).await;
    check("{\n\"circuit\"", 400, "malformed_json", Some((2, 9))).await;
    check(&"[".repeat(100_000), 400, "invalid_field", Some((1, 1))).await;
    check(&" ".repeat((1 << 20) + 1), 413, "body_too_large", None).await;
}

#[tokio::test]
async fn routes_and_methods() {
    let stack = start().await;
    let check = async |head: &str, body: &str, status: u16, kind: &str| {
        let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n{body}");
        let address = stack.role(Role::SystemApi).address();
        let answer = raw(address, request.as_bytes(), Duration::from_secs(30))
            .await
            .unwrap();
        let (found, answer) = split(&answer).unwrap();
        let (headers, body) = answer.split_once("\r\n\r\n").unwrap();
        let error: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (found, text(&error, "error_kind")),
            (status, kind),
            "{head}: {error}"
        );
        headers.to_lowercase()
    };
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for id in [unknown, "nope", "%ff", "a%20b", &"a".repeat(5000)] {
        check(
            &format!("GET /v1/jobs/{id} HTTP/1.1"),
            "",
            404,
            "unknown_job",
        )
        .await;
        check(
            &format!("GET /v1/jobs/{id}/events HTTP/1.1"),
            "",
            404,
            "unknown_job",
        )
        .await;
    }
    check("GET / HTTP/1.1", "", 404, "unknown_route").await;
    check("GET /v1/jobs/ HTTP/1.1", "", 404, "unknown_route").await;
    let headers = check("GET /v1/jobs HTTP/1.1", "", 405, "method_not_allowed").await;
    assert!(headers.contains("\r\nallow: post"), "{headers}");
    let delete = format!("DELETE /v1/jobs/{unknown} HTTP/1.1");
    check(&delete, "", 405, "method_not_allowed").await;

    // Too long without saying so beforehand.
    let chunks = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(17) + "0\r\n\r\n";
    let head = "POST /v1/jobs HTTP/1.1\r\ntransfer-encoding: chunked";
    check(head, &chunks, 413, "body_too_large").await;

    let answer = post(&stack, &bell()).send().await.unwrap();
    let location = format!("/v1/jobs/{}", job_id(&answer));
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(
        get(&stack, &location).send().await.unwrap().status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_unavailable() {
    let stack = start().await;
    let body = bell().to_string();
    assert_eq!(refusal(&stack, &body).await.0, 202);
    for role in [Role::Compiler, Role::Kernel] {
        kill(&stack, role).await;
        let (status, error) = refusal(&stack, &body).await;
        assert_eq!(
            (status, text(&error, "error_kind")),
            (503, "unavailable"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn too_many_running_jobs_are_refused() {
    let stack = start_with_kernel(&["--max-running", "1", "--execute-timeout", "60s"]).await;
    let stalled = faulty("stall").to_string();
    assert_eq!(refusal(&stack, &stalled).await.0, 202);
    let (status, error) = refusal(&stack, &stalled).await;
    assert_eq!(
        (status, text(&error, "error_kind")),
        (503, "busy"),
        "{error}"
    );
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let check = |path: &str, args: &[&str]| {
        let output = Command::new(path).args(args).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.lines().count() == 1 && told.contains(&taken) && told.contains("in use"),
            "{told}"
        );
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.contains("listening on"), "{said}");
    };
    let free = "127.0.0.1:0";
    check(env!("CARGO_BIN_EXE_compiler"), &["--listen", &taken]);
    for path in [
        env!("CARGO_BIN_EXE_driver-manager"),
        env!("CARGO_BIN_EXE_kernel"),
        env!("CARGO_BIN_EXE_system-api"),
    ] {
        check(path, &["--metrics-listen", free, "--listen", &taken]);
        check(path, &["--metrics-listen", &taken, "--listen", free]);
    }
}

#[tokio::test]
async fn a_signal_stops_each_program_in_good_order() {
    let stack = start().await;
    // A job that never ends, on open connections between all four.
    job_id(&post(&stack, &faulty("stall")).send().await.unwrap());
    assert_eq!(stack.stop().await, []);
}
