//! The processes of the pipeline, and what they say.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use xtask::{
    http::Request,
    otlp::Receiver,
    promtext::Page,
    stack::{Line, Running, Service, Stack},
};

/// The longest that anything here may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

const PROGRAM: &str = env!("CARGO_BIN_EXE_pipeline");

/// Where the pipeline runs.
pub(crate) struct Site {
    /// Who gets all spans.
    pub(crate) receiver: Receiver,
    home: TempDir,
    at: Vec<String>,
    /// What has been said by processes that have ended.
    said: Vec<Value>,
    pages: Vec<Page>,
}

impl Site {
    /// A site whose processes are told `at`.
    pub(crate) async fn new(at: &[&str]) -> Self {
        Self {
            receiver: Receiver::start().await.expect("a free port"),
            home: tempfile::tempdir().expect("a directory"),
            at: at.iter().map(|&arg| arg.to_owned()).collect(),
            said: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// Runs a command to its end, and keeps what it says and counts.
    pub(crate) async fn run(&mut self, command: &str, args: &[&str]) {
        let page = self.page();
        let mut run = tokio::process::Command::new(PROGRAM);
        run.arg("--page")
            .arg(&page)
            .arg(command)
            .args(&self.at)
            .args(args);
        for (name, value) in self.environment() {
            run.env(name, value);
        }
        run.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(LIMIT, run.output()).await;
        let output = output.expect("it ends").expect("it starts");
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(
            output.status.success(),
            "{command}: {}\n{out}{err}",
            output.status
        );
        self.said.extend(
            out.lines()
                .filter_map(|line| serde_json::from_str(line).ok()),
        );
        self.read(&page);
    }

    /// Starts a worker.
    pub(crate) async fn worker(&self, stack: &mut Stack, relation: &str) -> PathBuf {
        let page = self.page();
        let name = page
            .file_name()
            .expect("it has one")
            .to_string_lossy()
            .into_owned();
        let mut service = Service::new(name, PROGRAM)
            .arg("--page")
            .arg(&page)
            .arg("work");
        for arg in self
            .at
            .iter()
            .map(String::as_str)
            .chain(["--relation", relation])
        {
            service = service.arg(arg);
        }
        for (name, value) in self.environment() {
            service = service.env(name, value);
        }
        stack
            .start(service.with_metrics_alone())
            .await
            .expect("a worker starts");
        page
    }

    /// Keeps what a process that has ended, or is about to be killed, said.
    pub(crate) fn keep(&mut self, worker: &Running) {
        let lines = worker.log().lines();
        self.said
            .extend(lines.iter().filter_map(|line| line.json().cloned()));
    }

    /// Keeps what a process counted that has ended by itself.
    pub(crate) fn read(&mut self, page: &Path) -> &Page {
        let text = std::fs::read_to_string(page).expect("it was written at the end");
        self.pages
            .push(Page::parse(&text).expect("it is a metrics page"));
        self.pages.last().expect("one was just pushed")
    }

    /// Keeps what a process has counted that runs.
    pub(crate) async fn scrape(&mut self, worker: &Running) -> &Page {
        let page = self.peek(worker).await;
        self.pages.push(page);
        self.pages.last().expect("one was just pushed")
    }

    /// What a process counts that runs, and will count once more at its end.
    pub(crate) async fn peek(&self, worker: &Running) -> Page {
        let address = worker.metrics_address().expect("a worker has a page");
        let answer = Request::get(format!("http://{address}/metrics"))
            .send()
            .await;
        let text = answer.expect("it answers").body;
        Page::parse(&String::from_utf8_lossy(&text)).expect("it is a metrics page")
    }

    /// The log lines of what has ended.
    pub(crate) fn said(&self) -> &[Value] {
        &self.said
    }

    /// The metrics of what has ended.
    pub(crate) fn pages(&self) -> &[Page] {
        &self.pages
    }

    fn page(&self) -> PathBuf {
        let count = std::fs::read_dir(self.home.path())
            .expect("it is ours")
            .count();
        let page = self.home.path().join(format!("page-{count}"));
        // So that the next one has another name.
        std::fs::write(&page, "").expect("it is ours");
        page
    }

    fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.receiver.endpoint()),
            // Spans of a process that is killed are to be out by then.
            ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
            ("RUST_LOG", "info".to_owned()),
        ]
    }
}

/// How many attempts the lines tell the end of.
pub(crate) fn ended(lines: &[Arc<Line>]) -> usize {
    let is_end = |line: &&Arc<Line>| {
        let message = line.text_of("message").unwrap_or_default();
        message.starts_with("attempt ") && message.contains(" ended: ")
    };
    lines.iter().filter(is_end).count()
}

/// Waits until the workers together have ended so many attempts.
pub(crate) async fn until_ended(workers: &[&Running], attempts: usize) {
    let all = || {
        workers
            .iter()
            .map(|worker| ended(&worker.log().lines()))
            .sum::<usize>()
    };
    let wait = async {
        // Lines of several processes; any of them may be the last.
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while all() < attempts {
            look.tick().await;
            for worker in workers {
                assert_eq!(worker.ended(), None);
            }
        }
    };
    let limit = tokio::time::timeout(LIMIT, wait).await;
    assert!(limit.is_ok(), "{} of {attempts} attempts ended", all());
}
