//! A case's process, as its parent sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::cases::{Case, Group};

pub(super) struct Worker {
    pub(super) case: Case,
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Worker {
    pub(super) fn start(case: Case) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("we run"))
            .args(["child", case.name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process can be started");
        let to = process.stdin.take().expect("it is piped");
        let from = BufReader::new(process.stdout.take().expect("it is piped"));
        Self {
            case,
            process,
            to,
            from,
        }
    }

    pub(super) fn start_all(group: &Group) -> Vec<Self> {
        group.cases.iter().cloned().map(Self::start).collect()
    }

    fn ask(&mut self, request: &str) -> String {
        let mut line = String::new();
        writeln!(self.to, "{request}").expect("the case lives");
        self.from
            .read_line(&mut line)
            .expect("the case writes text");
        assert!(!line.is_empty(), "{} died", self.case.name);
        line.trim_end().to_owned()
    }

    /// Numbers a batch, as numbers a request.
    fn numbers<const N: usize>(&mut self, request: &str) -> [f64; N] {
        let answer = self.ask(request);
        let batch = self.case.batch as f64;
        let numbers = answer.split(' ').map(|number| {
            let number = number.parse::<f64>();
            number.expect("the answer has numbers") / batch
        });
        let numbers = numbers.collect::<Vec<_>>();
        numbers.try_into().expect("the answer has so many numbers")
    }

    /// Wall time, CPU time, CPU time beside and afterwards: in ns a request.
    pub(super) fn time(&mut self) -> [f64; 3] {
        self.numbers("time")
    }

    /// Allocations and bytes a request.
    pub(super) fn heap(&mut self) -> [f64; 2] {
        self.numbers("heap")
    }

    /// Wall ns a request with so many threads.
    pub(super) fn threads(&mut self, threads: usize) -> f64 {
        let [ns] = self.numbers(&format!("threads {threads}"));
        ns
    }

    /// What a batch emitted, for people; empty if nothing.
    pub(super) fn evidence(&mut self) -> String {
        self.ask("evidence")
    }

    pub(super) fn stop(self) {
        let Self {
            mut process, to, ..
        } = self;
        // The end of its input is the end of the case.
        drop(to);
        process.wait().expect("it is ours");
    }
}
