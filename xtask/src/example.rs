//! `cargo xtask example`: a whole system, started, driven, checked and shown.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Context, Error, Result};
use crate::peers;
use crate::report::Report;
use crate::stack::Unclean;
use crate::systems::{Options, System, job_kernel};
use crate::workspace::{Workspace, build_programs};

/// The exit code of a run that a signal ended.
const INTERRUPTED: u8 = 130;

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system.
    pub system: String,
    /// Leave it up until Ctrl-C.
    pub keep: bool,
    /// The first port; 0 for free ones.
    pub port_base: u16,
    /// Where to write the report as JSON.
    pub report: Option<PathBuf>,
    /// Whose compiler `job-kernel` has.
    pub compiler: job_kernel::Compiler,
}

/// Runs the command.
///
/// # Errors
/// If there is no such system, a peer that it shall have is not installed, or it cannot be built or
/// started.
pub fn run(settings: &Settings) -> Result<ExitCode> {
    match settings.system.as_str() {
        job_kernel::Stack::NAME => {
            let mut programs = Vec::new();
            if let Some(peer) = settings.compiler.peer() {
                let program = peers::needed(&Workspace::load()?, peer)?;
                programs.push((job_kernel::Role::Compiler.name().to_owned(), program));
            }
            example::<job_kernel::Stack>(settings, programs)
        }
        other => Err(Error::new(format!(
            "there is no system `{other}`; there is: {}",
            [job_kernel::Stack::NAME].join(", ")
        ))),
    }
}

fn example<S: System>(settings: &Settings, programs: Vec<(String, PathBuf)>) -> Result<ExitCode> {
    let begun = Instant::now();
    let mut options = Options::new(build_programs(S::NAME)?);
    options.port_base = settings.port_base;
    options.programs = programs;
    println!(
        "{} is built ({:.1} s)",
        S::NAME,
        begun.elapsed().as_secs_f64()
    );

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context(|| "there is no runtime")?;
    // Should anything below panic or be given up, the runtime's end kills every process.
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).context(|| "cannot catch SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context(|| "cannot catch SIGTERM")?;
        let signalled = async {
            tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            }
        };
        let mut signalled = std::pin::pin!(signalled);

        let begun = Instant::now();
        let system = tokio::select! {
            system = S::start(options) => system?,
            name = &mut signalled => {
                println!("{name}: stopped while starting; every process is killed");
                return Ok(ExitCode::from(INTERRUPTED));
            }
        };
        println!(
            "it is up ({:.1} s); driving its workload\n",
            begun.elapsed().as_secs_f64()
        );

        let mut report = tokio::select! {
            report = system.run() => report,
            ended = system.processes().first_end() => {
                let told = stop(system).await;
                return Err(Error::new(format!("{ended}{told}")));
            }
            name = &mut signalled => {
                println!("{name}: stopping every process{}", stop(system).await);
                return Ok(ExitCode::from(INTERRUPTED));
            }
        };
        println!("{}", system.show(&report).await);

        if settings.keep {
            if let Some(path) = &settings.report {
                write(&report, path)?;
            }
            println!("{}", report.summary());
            for (name, address) in &report.addresses {
                println!("{name:<24} {address}");
            }
            println!("\nCtrl-C stops it.");
            let end = tokio::select! {
                name = &mut signalled => Ok(name),
                ended = system.processes().first_end() => Err(ended),
            };
            let told = stop(system).await;
            match end {
                Ok(name) => println!("{name}: every process is stopped{told}"),
                Err(ended) => return Err(Error::new(format!("{ended}{told}"))),
            }
        } else {
            let unclean = system.stop().await;
            let held = if unclean.is_empty() {
                Ok(())
            } else {
                Err(lines(&unclean))
            };
            report.promise(&[], "every process stops when it is asked to", held);
            print!("{}", report.summary());
            if let Some(path) = &settings.report {
                write(&report, path)?;
            }
        }
        let held = report.failures().next().is_none();
        Ok(if held {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    })
}

/// Stops the system; returns what was not clean about it, to be put behind a sentence.
async fn stop<S: System>(system: S) -> String {
    let unclean = system.stop().await;
    if unclean.is_empty() {
        String::new()
    } else {
        format!("\n{}", lines(&unclean))
    }
}

fn lines(unclean: &[Unclean]) -> String {
    unclean
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn write(report: &Report, path: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(report).context(|| "the report is not JSON")?;
    std::fs::write(path, text + "\n").context(|| format!("cannot write {}", path.display()))
}
