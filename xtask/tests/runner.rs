//! The runner of examples as a process of its own: how it ends when something is in its way, and
//! that it leaves no process behind, whichever way it ends.

#![cfg(target_os = "linux")]

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The runner builds the programs first.
const LIMIT: Duration = Duration::from_secs(600);

/// The services, and how far their ports lie above the base.
const SERVICES: [(&str, u16); 4] = [
    ("system-api", 10),
    ("kernel", 11),
    ("driver-manager", 12),
    ("compiler", 13),
];

/// How far the ports of the pages lie above the base.
const PAGES: [u16; 3] = [0, 1, 2];

/// `cargo xtask example job-kernel` on ports of its own.
struct Runner {
    child: Child,
    base: u16,
    said: Receiver<String>,
    told: Option<JoinHandle<String>>,
}

impl Runner {
    fn start(base: u16, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["example", "job-kernel", "--port-base", &base.to_string()]);
        Self::of(base, command.args(args))
    }

    /// One whose services export one span and lose the others, for which it waits: what a test does
    /// meanwhile happens during the run.
    fn start_slow(base: u16) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["example", "job-kernel", "--port-base", &base.to_string()]);
        Self::of(base, command.env("OTEL_BSP_MAX_QUEUE_SIZE", "1"))
    }

    fn of(base: u16, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the runner starts");
        let out = child.stdout.take().expect("stdout is a pipe");
        let mut err = child.stderr.take().expect("stderr is a pipe");
        let (sender, said) = channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let told = thread::spawn(move || {
            let mut told = String::new();
            let _ = err.read_to_string(&mut told);
            told
        });
        Self {
            child,
            base,
            said,
            told: Some(told),
        }
    }

    /// Waits until it says a line that begins so.
    fn wait_for(&self, beginning: &str) {
        loop {
            let line = self.said.recv_timeout(LIMIT);
            let line = line.unwrap_or_else(|why| panic!("it never says {beginning:?}: {why}"));
            if line.starts_with(beginning) {
                return;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(pid(self.child.id()), signal).expect("it is there");
    }

    /// Kills a service as a crash would.
    fn kill(&self, service: &str) {
        let all = services(self.base);
        let (_, id) = all
            .iter()
            .find(|(name, _)| *name == service)
            .expect("it runs");
        kill_process(pid(*id), Signal::KILL).expect("it is there");
    }

    /// Waits for its end; returns how it ended, what was left to be said, and its errors.
    fn end(mut self) -> (ExitStatus, String, String) {
        let status = self.child.wait().expect("it is ours");
        let said = self.said.iter().collect::<Vec<_>>().join("\n");
        let told = self.told.take().expect("it is taken once");
        let told = told.join().expect("reading does not panic");
        assert_eq!(services(self.base), [], "nothing is left:\n{said}\n{told}");
        (status, said, told)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // A test that failed half way.
        let _ = self.child.kill();
        let _ = self.child.wait();
        for (_, id) in services(self.base) {
            let _ = kill_process(pid(id), Signal::KILL);
        }
    }
}

fn pid(id: u32) -> Pid {
    let id = i32::try_from(id).expect("ids are small");
    Pid::from_raw(id).expect("no process has the id 0")
}

/// The services that run with ports above this base, by what their command lines say.
fn services(base: u16) -> Vec<(&'static str, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("this is Linux").flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process that has just ended has none.
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let args = line.split(|byte| *byte == 0).collect::<Vec<_>>();
        for (name, above) in SERVICES {
            let address = format!("127.0.0.1:{}", base + above);
            if args
                .windows(2)
                .any(|pair| pair == [b"--listen", address.as_bytes()])
            {
                found.push((name, id));
            }
        }
    }
    found
}

/// A base above which all ports are free, below those that are given out for port 0.
fn free_base() -> u16 {
    let random = || RandomState::new().build_hasher().finish() % 1000;
    loop {
        let base = 10_000 + 20 * u16::try_from(random()).expect("it is below 1000");
        let above = PAGES.into_iter().chain(SERVICES.map(|(_, above)| above));
        let ports = above.map(|above| TcpListener::bind(("127.0.0.1", base + above)));
        if ports.collect::<Result<Vec<_>, _>>().is_ok() {
            return base;
        }
    }
}

#[test]
fn a_port_in_use_is_told_with_its_service_and_address() {
    // That of a service, and that of a page.
    for (service, above) in [("driver-manager", 12), ("kernel", 1)] {
        let base = free_base();
        let taken = TcpListener::bind(("127.0.0.1", base + above)).expect("it was free");
        let address = taken.local_addr().expect("it has an address").to_string();
        let (status, said, told) = Runner::start(base, &[]).end();
        assert_eq!(status.code(), Some(1), "{said}\n{told}");
        let begins = format!("error: {service} ended before it was ready (exit status 1)");
        assert!(told.contains(&begins), "{told}");
        let names = |line: &str| line.contains(&address) && line.contains("in use");
        assert!(told.lines().any(names), "{told}");
    }
}

#[test]
fn a_service_that_dies_during_the_run_is_named() {
    for service in ["kernel", "compiler"] {
        let runner = Runner::start_slow(free_base());
        runner.wait_for("it is up");
        runner.kill(service);
        let (status, said, told) = runner.end();
        assert_eq!(status.code(), Some(1), "{said}\n{told}");
        let begins = format!("error: {service} ended while it was needed (signal 9)");
        assert!(told.contains(&begins), "{told}");
    }
}

#[test]
fn a_service_that_dies_while_it_is_kept_up_is_named() {
    let runner = Runner::start(free_base(), &["--keep"]);
    runner.wait_for("Ctrl-C stops it.");
    assert_eq!(services(runner.base).len(), 4);
    runner.kill("driver-manager");
    let (status, said, told) = runner.end();
    assert_eq!(status.code(), Some(1), "{said}\n{told}");
    assert!(
        told.contains("driver-manager ended while it was needed (signal 9)"),
        "{told}"
    );
}

#[test]
fn a_signal_during_the_run_stops_everything() {
    for (signal, name) in [(Signal::INT, "SIGINT"), (Signal::TERM, "SIGTERM")] {
        let runner = Runner::start_slow(free_base());
        runner.wait_for("it is up");
        runner.signal(signal);
        let (status, said, told) = runner.end();
        assert_eq!(status.code(), Some(130), "{said}\n{told}");
        assert!(
            said.contains(&format!("{name}: stopping every process")),
            "{said}\n{told}"
        );
    }
}

#[test]
fn a_signal_ends_what_is_kept_up() {
    let runner = Runner::start(free_base(), &["--keep"]);
    runner.wait_for("Ctrl-C stops it.");
    assert_eq!(services(runner.base).len(), 4);
    runner.signal(Signal::INT);
    let (status, said, told) = runner.end();
    assert_eq!(status.code(), Some(0), "{said}\n{told}");
    assert!(
        said.contains("SIGINT: every process is stopped"),
        "{said}\n{told}"
    );
}

#[test]
fn a_run_whose_promises_hold_succeeds() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("report.json");
    let report = path.to_str().expect("its name is text");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args([
            "example",
            "job-kernel",
            "--port-base",
            "0",
            "--report",
            report,
        ])
        .stdin(Stdio::null())
        .output()
        .expect("the runner starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{told}");
    assert!(said.contains("promises hold"), "{said}");
    let report = fs::read_to_string(path).expect("it is written");
    let report = serde_json::from_str::<serde_json::Value>(&report).expect("it is JSON");
    let promises = report["promises"].as_array().expect("a list");
    assert!(!promises.is_empty() && promises.iter().all(|one| one["failure"].is_null()));
}
