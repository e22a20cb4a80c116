//! The four programs as processes of their own on free ports, and what tests ask of them.
//!
//! A stack is up within some ten milliseconds, so each test has its own: its counts are its own
//! too. Whichever way a test ends, its processes end with it.

use std::{future::Future, path::Path, sync::Arc};

use http::StatusCode;
use serde_json::{Value, json};
use xtask::{
    http::{Request, Response},
    stack::Line,
    systems::{
        Options,
        job_kernel::{Role, SETTLE, Stack},
    },
};

pub(crate) const BELL: &str = "qreg q[2]; h q[0]; x q[1]; x q[1]; cx q[0],q[1]; measure q;";

/// Free ports, spans exported to a receiver of the test's own.
pub(crate) fn options() -> Options {
    let binaries = Path::new(env!("CARGO_BIN_EXE_system-api")).parent();
    Options::new(binaries.unwrap())
}

pub(crate) async fn start() -> Stack {
    Stack::start(options()).await.unwrap()
}

/// Starts a stack whose kernel has further arguments.
pub(crate) async fn start_with_kernel(args: &[&str]) -> Stack {
    let mut options = options();
    let args = args
        .iter()
        .map(|arg| ("kernel".to_owned(), (*arg).to_owned()));
    options.args = args.collect();
    Stack::start(options).await.unwrap()
}

/// A job that succeeds.
pub(crate) fn bell() -> Value {
    json!({"circuit": BELL, "shots": 100, "driver": "statevector", "options": {"seed": 5}})
}

/// A job whose driver fails or stalls.
pub(crate) fn faulty(mode: &str) -> Value {
    json!({"circuit": BELL, "driver": "faulty", "options": {"mode": mode}})
}

pub(crate) fn post(stack: &Stack, job: &Value) -> Request {
    Request::post_json(stack.url("/v1/jobs"), job)
}

pub(crate) fn get(stack: &Stack, path: &str) -> Request {
    Request::get(stack.url(path))
}

/// A text field of a JSON object.
#[track_caller]
pub(crate) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    let text = object[key].as_str();
    text.unwrap_or_else(|| panic!("no text `{key}`: {object}"))
}

/// The id of the job that a submission was answered with.
#[track_caller]
pub(crate) fn job_id(answer: &Response) -> String {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    text(&answer.json().unwrap(), "job_id").to_owned()
}

/// The trace that an answer tells in `traceresponse`.
#[track_caller]
pub(crate) fn trace_of(answer: &Response) -> String {
    let header = answer.header("traceresponse").expect("each answer has one");
    let parts: Vec<&str> = header.split('-').collect();
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    assert!(
        lengths == [2, 32, 16, 2] && parts.iter().all(|part| hex(part)),
        "{header}"
    );
    parts[1].to_owned()
}

/// Submits a job and follows it to its end: the submission's answer, its events, and what it is then.
pub(crate) async fn run(stack: &Stack, job: &Value) -> (Response, Vec<Value>, Value) {
    let answer = post(stack, job).send().await.unwrap();
    let id = job_id(&answer);
    let events = stack.events(&id).await.unwrap();
    let told = stack.job(&id).await.unwrap();
    assert_eq!(told.status, StatusCode::OK);
    (answer, events, told.json().unwrap())
}

/// Waits for a line of a service.
pub(crate) async fn line(stack: &Stack, role: Role, like: impl Fn(&Line) -> bool) -> Arc<Line> {
    let log = stack.role(role).log();
    let find = |lines: &[Arc<Line>]| lines.iter().find(|line| like(line)).cloned();
    let found = log.wait_for(SETTLE, find).await;
    found.unwrap_or_else(|| {
        let lines = log.lines();
        let lines: Vec<&str> = lines.iter().map(|line| line.text()).collect();
        panic!("{} has no such line:\n{}", role.name(), lines.join("\n"))
    })
}

/// Every line of every service so far.
pub(crate) fn all_lines(stack: &Stack) -> Vec<(Role, Arc<Line>)> {
    let of = |role| {
        stack
            .role(role)
            .log()
            .lines()
            .into_iter()
            .map(move |line| (role, line))
    };
    Role::ALL.into_iter().flat_map(of).collect()
}

/// Kills a service as a crash would.
pub(crate) async fn kill(stack: &Stack, role: Role) {
    stack.role(role).kill();
    stack.role(role).wait().await;
}

/// Fails the test, and ends its processes, if `work` takes longer than it ever should.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(3 * SETTLE, work)
        .await
        .expect("it takes too long")
}
