//! What our layers and their peers cost, side by side. See README.md.

mod alloc;
mod cases;
mod differential;
mod run;
mod telemetry;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

const USAGE: &str = "\
usage: throughline-bench [OPTIONS] [FILTER…]
  A filter keeps the groups and rows whose name contains it; bases and floors always run.
options:
  --quick          few rounds, no instructions: does it all still run?
  --evidence       only show what telemetry each row really emitted
  --list           only name the rows
  --differential   what each gRPC peer and ours make of the same calls
  --no-callgrind   no instructions
  --rounds N       rounds a group at the most (300)
  --profiles DIR   where callgrind's profiles go (profiles/ beside the program)";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let mut settings = run::Settings::default();
    let mut only = None;
    while let Some(arg) = args.next() {
        let mut value = |what: &str| {
            let value = args.next();
            value.unwrap_or_else(|| panic!("{arg} needs {what}"))
        };
        match arg.as_str() {
            "child" => {
                run::child(&value("a row"));
                return ExitCode::SUCCESS;
            }
            "fixed" => {
                run::fixed(&value("a row"));
                return ExitCode::SUCCESS;
            }
            "differential" => {
                differential::child(&value("a subject"));
                return ExitCode::SUCCESS;
            }
            "--differential" => return differential::run(),
            "--quick" => settings.quick = true,
            "--no-callgrind" => settings.callgrind = false,
            "--rounds" => settings.rounds = value("a number").parse().expect("--rounds N"),
            "--profiles" => settings.profiles = PathBuf::from(value("a directory")),
            "--evidence" | "--list" => only = Some(arg),
            "--help" | "-h" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            option if option.starts_with('-') => {
                eprintln!("there is no option {option}\n{USAGE}");
                return ExitCode::FAILURE;
            }
            _ => settings.filters.push(arg),
        }
    }
    match only.as_deref() {
        Some("--list") => run::list(&settings),
        Some(_) => run::evidence(&settings),
        None => run::compare(&settings),
    }
}
