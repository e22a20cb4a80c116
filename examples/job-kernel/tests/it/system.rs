//! The four programs as processes of their own, on free ports.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

/// A program that runs until it is dropped.
struct Program {
    child: Child,
    addr: String,
}

impl Program {
    fn start(path: &str, args: &[&str]) -> Self {
        let mut child = Command::new(path)
            .args(["--listen", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let addr = line
            .trim_end()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{path}: {line:?}"))
            .to_owned();
        Self { child, addr }
    }

    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All four; `kernel` are further settings of the kernel.
struct System {
    compiler: Option<Program>,
    driver_manager: Option<Program>,
    kernel: Option<Program>,
    api: Program,
}

impl System {
    fn start(kernel: &[&str]) -> Self {
        let compiler = Program::start(env!("CARGO_BIN_EXE_compiler"), &[]);
        let driver_manager = Program::start(env!("CARGO_BIN_EXE_driver-manager"), &[]);
        let peers = [compiler.url(), driver_manager.url()];
        let args = [
            &["--compiler", &peers[0], "--driver-manager", &peers[1]],
            kernel,
        ]
        .concat();
        let kernel = Program::start(env!("CARGO_BIN_EXE_kernel"), &args);
        let api = Program::start(
            env!("CARGO_BIN_EXE_system-api"),
            &["--kernel", &kernel.url()],
        );
        Self {
            compiler: Some(compiler),
            driver_manager: Some(driver_manager),
            kernel: Some(kernel),
            api,
        }
    }

    /// Status, headers in lower case, and body; returns when the server has closed the stream.
    fn send(&self, head: &str, body: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.api.addr).unwrap();
        write!(
            stream,
            "{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        // A server that has read enough may close before it has read all.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.send(&format!("GET {path} HTTP/1.1"), b"");
        (status, body)
    }

    fn post(&self, body: &str) -> (u16, Value) {
        let head = format!("POST /v1/jobs HTTP/1.1\r\ncontent-length: {}", body.len());
        let (status, _, body) = self.send(&head, body.as_bytes());
        (
            status,
            serde_json::from_str(&body).unwrap_or_else(|why| panic!("{body:?}: {why}")),
        )
    }

    /// Submits a job and follows it to its end: its transitions as text, and what it is then.
    fn run(&self, job: &Value) -> (Vec<String>, Value) {
        let (status, accepted) = self.post(&job.to_string());
        assert_eq!(status, 202, "{accepted}");
        let id = accepted["job_id"].as_str().unwrap();
        let (status, events) = self.get(&format!("/v1/jobs/{id}/events"));
        assert_eq!(status, 200, "{events}");
        let transitions = events
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| {
                let event: Value = serde_json::from_str(data).unwrap();
                assert_eq!(event["job"], id);
                let time = event["time"].as_str().unwrap();
                assert!(
                    time.parse::<prost_types::Timestamp>().is_ok() && time.ends_with('Z'),
                    "{time}"
                );
                let word = |key: &str| event[key].as_str().unwrap().to_owned();
                format!("{}: {} > {}", word("stage"), word("from"), word("to"))
            });
        let transitions = transitions.collect();
        let (status, body) = self.get(&format!("/v1/jobs/{id}"));
        assert_eq!(status, 200, "{body}");
        (transitions, serde_json::from_str(&body).unwrap())
    }
}

const BELL: &str = "qreg q[2]; h q[0]; x q[1]; x q[1]; cx q[0],q[1]; measure q;";

#[test]
fn a_job_runs_to_its_end() {
    let system = System::start(&[]);
    let job = json!({"circuit": BELL, "shots": 2000, "options": {"seed": 5}});
    let (transitions, done) = system.run(&job);
    assert_eq!(
        transitions,
        [
            "validate: submitted > validated",
            "compile: validated > compiled",
            "schedule: compiled > scheduled",
            "execute: scheduled > running",
            "collect: running > collecting",
            "collect: collecting > completed",
        ]
    );
    assert_eq!(
        (&done["state"], &done["driver"], &done["cancelled_gates"]),
        (&json!("completed"), &json!("statevector"), &json!(2))
    );
    let counts = done["counts"].as_object().unwrap();
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["00", "11"]);
    assert_eq!(
        counts
            .values()
            .map(|count| count.as_u64().unwrap())
            .sum::<u64>(),
        2000
    );
    assert_eq!(
        system.run(&job).1["counts"],
        done["counts"],
        "the seed is the same"
    );

    // The largest result there is.
    let (_, done) =
        system.run(&json!({"circuit": "qreg q[16]; h q; measure q;", "shots": 100_000}));
    assert_eq!(done["state"], "completed");
}

#[test]
fn jobs_fail_where_their_driver_does() {
    let mut system = System::start(&[]);
    let impatient = System::start(&["--execute-timeout", "200ms"]);
    let check = |system: &System, options: Value, kind: &str, last: &str| {
        let (transitions, job) =
            system.run(&json!({"circuit": BELL, "driver": "faulty", "options": options}));
        assert_eq!(
            (&job["state"], &job["error_kind"]),
            (&json!("failed"), &json!(kind)),
            "{job}"
        );
        assert_eq!(transitions.last().unwrap(), last);
        assert!(job["counts"].is_null());
        let told = job["error"].as_str().unwrap();
        assert!(
            !told.is_empty() && !told.contains("device"),
            "the driver's own words stay inside: {told}"
        );
    };
    check(
        &system,
        json!({}),
        "driver_failed",
        "execute: running > failed",
    );
    check(
        &system,
        json!({"mode": "fail"}),
        "driver_failed",
        "execute: running > failed",
    );
    check(
        &impatient,
        json!({"mode": "stall"}),
        "driver_timeout",
        "execute: running > failed",
    );
    system.driver_manager = None;
    check(
        &system,
        json!({}),
        "driver_unavailable",
        "schedule: compiled > failed",
    );
}

#[test]
fn mistakes_are_told_in_json() {
    let system = System::start(&[]);
    let check = |body: &str, status: u16, kind: &str, place: Option<(u32, u32)>| {
        let (found, error) = system.post(body);
        assert_eq!(
            (found, &error["error_kind"]),
            (status, &json!(kind)),
            "{body:.80}: {error}"
        );
        assert!(
            error["error"].as_str().is_some_and(|told| !told.is_empty()),
            "{error}"
        );
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
    check(
        r#"{"circuit": "qreg q[2];\n  hh q[0];"}"#,
        400,
        "unknown_gate",
        Some((2, 3)),
    );
    check(
        r#"{"circuit": "qreg q[17]; h q; measure q;"}"#,
        422,
        "too_many_qubits",
        Some((1, 8)),
    );
    check(r#"{"circuit": ""}"#, 400, "empty_circuit", Some((1, 1)));
    let gates = "h q;".repeat(20_000);
    check(
        &json!({"circuit": format!("qreg q[16];{gates}")}).to_string(),
        422,
        "too_large",
        Some((1, 25_012)),
    );
    for shots in ["0", "-1", "2.5", "100001", "1e30", "18446744073709551616"] {
        check(
            &format!(r#"{{"circuit": "", "shots": {shots}}}"#),
            422,
            "shots_out_of_range",
            None,
        );
    }
    check(
        r#"{"circuit": "", "driver": "nope"}"#,
        422,
        "unknown_driver",
        None,
    );
    check(
        r#"{"circuit": "", "options": {"mode": "fail"}}"#,
        422,
        "bad_option",
        None,
    );
    check(
        r#"{"circuit": "", "shots": "many"}"#,
        400,
        "invalid_field",
        Some((1, 31)),
    );
    check(r#"{"shots": 1}"#, 400, "invalid_field", Some((1, 12)));
    check(
        r#"{"circuit": "", "shot": 1}"#,
        400,
        "invalid_field",
        Some((1, 22)),
    );
    check(r#"{"circuit": 1}"#, 400, "invalid_field", Some((1, 13)));
    check("", 400, "empty_body", None);
    check(" \n", 400, "empty_body", None);
    check("{\n\"circuit\"", 400, "malformed_json", Some((2, 9)));
    check(&"[".repeat(100_000), 400, "invalid_field", Some((1, 1)));
    check(&" ".repeat((1 << 20) + 1), 413, "body_too_large", None);
}

#[test]
fn routes_and_methods() {
    let system = System::start(&[]);
    let check = |head: &str, body: &[u8], status: u16, kind: &str| {
        let (found, headers, body) = system.send(head, body);
        let error: Value =
            serde_json::from_str(&body).unwrap_or_else(|why| panic!("{head}: {body:?}: {why}"));
        assert_eq!(
            (found, &error["error_kind"]),
            (status, &json!(kind)),
            "{head}: {error}"
        );
        headers
    };
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for id in [unknown, "nope", "%ff", "a%20b", &"a".repeat(5000)] {
        check(
            &format!("GET /v1/jobs/{id} HTTP/1.1"),
            b"",
            404,
            "unknown_job",
        );
        check(
            &format!("GET /v1/jobs/{id}/events HTTP/1.1"),
            b"",
            404,
            "unknown_job",
        );
    }
    check("GET / HTTP/1.1", b"", 404, "unknown_route");
    check("GET /v1/jobs/ HTTP/1.1", b"", 404, "unknown_route");
    let headers = check("GET /v1/jobs HTTP/1.1", b"", 405, "method_not_allowed");
    assert!(headers.contains("\r\nallow: post"), "{headers}");
    check(
        &format!("DELETE /v1/jobs/{unknown} HTTP/1.1"),
        b"",
        405,
        "method_not_allowed",
    );

    // Too long without saying so beforehand.
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(17) + "0\r\n\r\n";
    check(
        "POST /v1/jobs HTTP/1.1\r\ntransfer-encoding: chunked",
        chunk.as_bytes(),
        413,
        "body_too_large",
    );

    let body = json!({"circuit": BELL}).to_string();
    let head = format!("POST /v1/jobs HTTP/1.1\r\ncontent-length: {}", body.len());
    let (status, headers, answer) = system.send(&head, body.as_bytes());
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let id = answer["job_id"].as_str().unwrap();
    assert_eq!(status, 202);
    assert!(
        headers.contains(&format!("\r\nlocation: /v1/jobs/{id}")),
        "{headers}"
    );
}

#[test]
fn what_is_not_there_is_said_to_be_unavailable() {
    let mut system = System::start(&[]);
    let body = json!({"circuit": BELL}).to_string();
    assert_eq!(system.post(&body).0, 202);
    system.compiler = None;
    let (status, error) = system.post(&body);
    assert_eq!(
        (status, &error["error_kind"]),
        (503, &json!("unavailable")),
        "{error}"
    );
    system.kernel = None;
    let (status, error) = system.post(&body);
    assert_eq!(
        (status, &error["error_kind"]),
        (503, &json!("unavailable")),
        "{error}"
    );
}

#[test]
fn too_many_running_jobs_are_refused() {
    let system = System::start(&["--max-running", "1", "--execute-timeout", "60s"]);
    let stalled =
        json!({"circuit": BELL, "driver": "faulty", "options": {"mode": "stall"}}).to_string();
    assert_eq!(system.post(&stalled).0, 202);
    let (status, error) = system.post(&stalled);
    assert_eq!(
        (status, &error["error_kind"]),
        (503, &json!("busy")),
        "{error}"
    );
}

#[test]
fn a_port_in_use_is_a_clear_error() {
    for path in [
        env!("CARGO_BIN_EXE_compiler"),
        env!("CARGO_BIN_EXE_driver-manager"),
        env!("CARGO_BIN_EXE_kernel"),
        env!("CARGO_BIN_EXE_system-api"),
    ] {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = taken.local_addr().unwrap().to_string();
        let output = Command::new(path)
            .args(["--listen", &addr])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.lines().count() == 1 && told.contains(&addr) && told.contains("in use"),
            "{told}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[cfg(unix)]
#[test]
fn a_signal_stops_each_program_in_good_order() {
    let stop = |program: &mut Program| {
        let pid = program.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(program.child.wait().unwrap().code(), Some(0));
    };
    let mut system = System::start(&[]);
    // A job that never ends, on open connections between all four.
    let stalled = json!({"circuit": BELL, "driver": "faulty", "options": {"mode": "stall"}});
    assert_eq!(system.post(&stalled.to_string()).0, 202);
    stop(&mut system.api);
    for program in [
        &mut system.kernel,
        &mut system.driver_manager,
        &mut system.compiler,
    ] {
        stop(program.as_mut().unwrap());
    }
}
