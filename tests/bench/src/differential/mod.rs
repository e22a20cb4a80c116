//! The same gRPC calls through our layers and through each peer's: who gets what right.
//!
//! A process a subject, so that each has the recorders, subscribers and providers of its own. What a
//! subject saw of a call is read where its user would read it: from the spans that its provider exports
//! and from its page of metrics. What is right is what happened on the wire.

mod client;
mod record;
mod rows;
mod script;
mod service;
mod subject;
mod table;
mod test_bed;

use std::process::{Command, ExitCode};

use self::subject::Subject;
use self::table::Table;

const HEAD: &str = "\
# Who gets what right

The same calls over a socket of a tonic server, through the layers of this crate and through those of
each peer, set up as its own documentation says and with OpenTelemetry's own propagator. A cell is what
a user would find in the exported spans and on the page of metrics: ✓ if it is what happened on the wire,
✗ and what was there instead, — where the peer does not claim to do it (tonic_prometheus_layer's client
is made for another tonic).

Written by `cargo xtask bench --differential`; with `--check` that fails where anybody, this crate
included, gets more or less right than it says here. It fails in any case where this crate is wrong.
";

/// Asks every subject and prints the page. Fails where ours is wrong.
pub fn run() -> ExitCode {
    let mut table = Table::new();
    for subject in Subject::ALL {
        let program = std::env::current_exe().expect("the program knows where it lies");
        let output = Command::new(program)
            .args(["differential", subject.name()])
            .output()
            .expect("the program can be started once more");
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            eprintln!("{} failed:\n{error}", subject.name());
            return ExitCode::FAILURE;
        }
        table.add(subject, text.lines());
    }
    print!("{HEAD}\n{table}");
    let wrong = table.wrong(Subject::Ours);
    for row in &wrong {
        eprintln!("ours is wrong: {row}");
    }
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The process of one subject: a line a row.
pub fn child(name: &str) {
    let subject = Subject::ALL.into_iter().find(|known| known.name() == name);
    let subject = subject.unwrap_or_else(|| panic!("there is no subject {name}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("there is a runtime");
    runtime.block_on(rows::ask(subject));
    // The shutdown of servers and providers is of no interest here.
    std::process::exit(0);
}
