//! K10: a job's transitions as a stream of events.

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use xtask::systems::job_kernel::{Role, Stack};

use crate::harness::{
    bell, faulty, get, job_id, kill, post, run, soon, start, start_with_kernel, text,
};

const COMPLETED: [&str; 6] = [
    "validate: submitted > validated",
    "compile: validated > compiled",
    "schedule: compiled > scheduled",
    "execute: scheduled > running",
    "collect: running > collecting",
    "collect: collecting > completed",
];

/// `stage: from > to`, after a look at the rest of the event.
#[track_caller]
fn step(event: &Value, job: &str) -> String {
    let keys: Vec<&String> = event.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["from", "job", "stage", "time", "to"], "{event}");
    assert_eq!(text(event, "job"), job);
    assert!(text(event, "time").ends_with('Z'), "{event}");
    format!(
        "{}: {} > {}",
        text(event, "stage"),
        text(event, "from"),
        text(event, "to")
    )
}

fn time(event: &Value) -> (i64, i32) {
    let time: prost_types::Timestamp = text(event, "time").parse().unwrap();
    (time.seconds, time.nanos)
}

#[tokio::test]
async fn k10_transitions_come_in_order_and_to_late_readers_as_well() {
    let stack = start().await;
    let failed = [&COMPLETED[..4], &["execute: running > failed"]].concat();
    for (job, expected) in [(bell(), &COMPLETED[..]), (faulty("fail"), &failed[..])] {
        let (answer, events, _) = run(&stack, &job).await;
        let id = job_id(&answer);
        let steps: Vec<String> = events.iter().map(|event| step(event, &id)).collect();
        assert_eq!(steps, expected);
        assert!(events.iter().map(time).is_sorted(), "{events:?}");
        // The job has ended; who comes now reads the same.
        assert_eq!(stack.events(&id).await.unwrap(), events);
    }
}

/// A stream of events that is still open.
struct Open(BufReader<TcpStream>);

impl Open {
    async fn to(stack: &Stack, job: &str) -> Self {
        let mut stream = TcpStream::connect(stack.role(Role::SystemApi).address())
            .await
            .unwrap();
        let head = format!("GET /v1/jobs/{job}/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event; each comes in a frame of its own.
    async fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.0.read_line(&mut line).await.unwrap(),
                0,
                "the stream has ended"
            );
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    /// The lines up to the last chunk.
    async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            match line.trim_end() {
                "0" => return lines,
                line => lines.push(line.to_owned()),
            }
        }
    }
}

#[tokio::test]
async fn k10_transitions_come_while_the_job_runs() {
    let stack = start_with_kernel(&["--execute-timeout", "600s"]).await;
    let id = job_id(&post(&stack, &faulty("stall")).send().await.unwrap());
    soon(async {
        let mut open = Open::to(&stack, &id).await;
        for expected in &COMPLETED[..4] {
            assert_eq!(step(&open.next().await, &id), *expected);
        }
        let job = stack.job(&id).await.unwrap().json().unwrap();
        assert_eq!(
            text(&job, "state"),
            "running",
            "it is underway, and so is its stream"
        );
        let mut late = Open::to(&stack, &id).await;
        for expected in &COMPLETED[..4] {
            assert_eq!(step(&late.next().await, &id), *expected);
        }
        // Its driver never answers; that it is gone ends the job, and the job its streams.
        kill(&stack, Role::DriverManager).await;
        for stream in [&mut open, &mut late] {
            assert_eq!(step(&stream.next().await, &id), "execute: running > failed");
            let rest = stream.rest().await;
            assert!(
                rest.iter().all(|line| !line.starts_with("data")),
                "{rest:?}"
            );
        }
    })
    .await;
    let job = stack.job(&id).await.unwrap().json().unwrap();
    assert_eq!(
        (text(&job, "state"), text(&job, "error_kind")),
        ("failed", "driver_unavailable")
    );
}

#[tokio::test]
async fn k10_a_stream_that_breaks_off_says_so() {
    let stack = start_with_kernel(&["--execute-timeout", "600s"]).await;
    let id = job_id(&post(&stack, &faulty("stall")).send().await.unwrap());
    soon(async {
        let mut open = Open::to(&stack, &id).await;
        for expected in &COMPLETED[..4] {
            assert_eq!(step(&open.next().await, &id), *expected);
        }
        kill(&stack, Role::Kernel).await;
        let rest = open.rest().await;
        assert!(rest.contains(&"event: error".to_owned()), "{rest:?}");
        assert!(
            rest.iter()
                .any(|line| line.contains(r#""error_kind":"unavailable""#)),
            "{rest:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn k10_an_unknown_job_has_no_stream() {
    let stack = start().await;
    for id in ["01890a5d-ac96-774b-bcce-b302099a8057", "nope"] {
        let answer = get(&stack, &format!("/v1/jobs/{id}/events"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status, 404);
        assert_eq!(text(&answer.json().unwrap(), "error_kind"), "unknown_job");
    }
}
