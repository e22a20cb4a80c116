//! K1: the form of log lines.

use std::path::Path;

use xtask::{stack::Stream, systems::job_kernel::Role};

use crate::harness::{all_lines, bell, faulty, job_id, post, run, start, text};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/log-lines.jsonl");

/// Set, the golden file is written anew instead of being compared with.
const UPDATE: &str = "UPDATE_GOLDEN";

/// Puts `<key>` for what differs from run to run, where it has the form that it must have.
fn masked(line: &str) -> String {
    let hex = |text: &str, digits| {
        text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let uuid = |text: &str| text.len() == 36 && hex(&text.replace('-', ""), 32);
    let mut line = line.to_owned();
    for key in ["timestamp", "trace_id", "span_id", "job_id", "request_id"] {
        let Some((before, rest)) = line.split_once(&format!("\"{key}\":\"")) else {
            continue;
        };
        let (value, after) = rest.split_once('"').unwrap();
        let good = match key {
            "timestamp" => value.ends_with('Z') && value.parse::<prost_types::Timestamp>().is_ok(),
            "trace_id" => hex(value, 32),
            "span_id" => hex(value, 16),
            _ => uuid(value),
        };
        assert!(good, "{key} is {value:?}: {line}");
        line = format!("{before}\"{key}\":\"<{key}>\"{after}");
    }
    match line.split_once("127.0.0.1:") {
        Some((before, port)) => {
            let after = port.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}<address>{after}")
        }
        None => line,
    }
}

/// All that the four write from their start over a good job, one that fails at the driver, one that
/// fails at the compiler and one that the API refuses, to their end: every key, in its order, those
/// that must be there as `null` where they have no value.
#[tokio::test]
async fn k1_lines_are_those_of_the_golden_file() {
    let stack = start().await;
    run(&stack, &bell()).await;
    run(&stack, &faulty("fail")).await;
    let mut malformed = bell();
    malformed["circuit"] = "qreg q[2]; h q[".into();
    for job in [malformed, "no job".into()] {
        let answer = post(&stack, &job).send().await.unwrap();
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    stack.end().await.unwrap();

    let mut found = String::new();
    for (role, line) in all_lines(&stack) {
        assert_eq!(
            line.stream(),
            Stream::Stdout,
            "{}: {}",
            role.name(),
            line.text()
        );
        assert_eq!(line.text_of("service"), Some(role.name()));
        found.push_str(&masked(line.text()));
        found.push('\n');
    }
    if std::env::var_os(UPDATE).is_some() {
        std::fs::create_dir_all(Path::new(GOLDEN).parent().unwrap()).unwrap();
        std::fs::write(GOLDEN, &found).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    for (at, (found, golden)) in found.lines().zip(golden.lines()).enumerate() {
        let hint = format!("line {}; if it should be so, set {UPDATE}=1", at + 1);
        assert_eq!(found, golden, "{hint}");
    }
    assert_eq!(found.lines().count(), golden.lines().count());
}

/// The keys that must be there are there on every line, also on that of a program's start.
#[tokio::test]
async fn k1_out_of_scope_is_null_and_optional_is_absent() {
    let stack = start().await;
    for role in Role::ALL {
        let lines = stack.role(role).log().lines();
        let line = lines
            .iter()
            .find(|line| line.text().contains("listening on"))
            .unwrap();
        let line = line.json().unwrap();
        for key in ["trace_id", "span_id", "job_id"] {
            assert!(
                line.get(key).is_some_and(serde_json::Value::is_null),
                "{key}: {line}"
            );
        }
        for key in [
            "device_id",
            "stage",
            "error",
            "request_id",
            "error_kind",
            "root_cause",
        ] {
            assert_eq!(line.get(key), None, "{key}: {line}");
        }
        assert_eq!(text(line, "level"), "INFO");
    }
    let answer = post(&stack, &bell()).send().await.unwrap();
    let id = job_id(&answer);
    stack.events(&id).await.unwrap();
    stack.end().await.unwrap();
    let lines = all_lines(&stack);
    let of_job = |role| {
        lines
            .iter()
            .filter(move |(of, _)| *of == role)
            .map(|(_, line)| line)
    };
    let has = |role, key: &str, value: &str| {
        of_job(role).any(|line| {
            line.text_of("job_id") == Some(id.as_str()) && line.text_of(key) == Some(value)
        })
    };
    assert!(has(Role::Kernel, "stage", "compile"));
    assert!(has(Role::DriverManager, "device_id", "statevector-0"));
}

/// What a client sends can neither break a line nor forge a field.
#[tokio::test]
async fn k1_a_line_is_one_line_whatever_a_client_sends() {
    let stack = start().await;
    let mut job = bell();
    job["circuit"] = "qreg q[1];\n\"level\":\"ERROR\"\u{2028}\u{1b}[31m\r\n{}".into();
    let answer = post(&stack, &job).send().await.unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    stack.end().await.unwrap();
    for (_, line) in all_lines(&stack) {
        let json = line
            .json()
            .unwrap_or_else(|| panic!("no JSON: {}", line.text()));
        assert_ne!(text(json, "level"), "ERROR");
        assert!(
            !line.text().contains(['\u{1b}', '\u{2028}']),
            "{}",
            line.text()
        );
    }
}
