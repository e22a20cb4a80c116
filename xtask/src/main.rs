//! The commands of the workspace.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::error::Result;
use xtask::systems::job_kernel::Compiler;
use xtask::workspace::Workspace;
use xtask::{bench, catalog, ci, coverage, example, peers, tidy};

/// The commands of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a system on loopback, drive its workload and check what it promises
    Example {
        /// The system, such as job-kernel
        system: String,
        /// Leave it up until Ctrl-C
        #[arg(long)]
        keep: bool,
        /// The first port; 0 takes free ones
        #[arg(long, default_value_t = 9090)]
        port_base: u16,
        /// Write promises, trace and times as JSON
        #[arg(long)]
        report: Option<PathBuf>,
        /// Whose compiler it has; the peers of other languages are installed by `peers`
        #[arg(long, value_enum, default_value_t)]
        compiler: Compiler,
    },
    /// Run everything that CI runs
    Test {
        /// Fail where foreign software is missing instead of skipping
        #[arg(long)]
        require_peers: bool,
        /// Run only this step; may be repeated
        #[arg(long, value_name = "STEP")]
        only: Vec<String>,
    },
    /// Install the foreign software of a strict run
    Peers {
        /// Only these
        names: Vec<String>,
    },
    /// Measure our layers beside their peers; tables as Markdown
    Bench {
        /// Few rounds, no instructions: does it all still run?
        #[arg(long)]
        quick: bool,
        /// Only show what telemetry each row emits
        #[arg(long)]
        evidence: bool,
        /// What each gRPC peer and ours make of the same calls, instead of what they cost
        #[arg(long, conflicts_with_all = ["quick", "evidence", "filters"])]
        differential: bool,
        /// Write nothing, and fail where the page of that is not as it would be written
        #[arg(long, requires = "differential")]
        check: bool,
        /// Only groups and rows whose name contains one of these
        #[arg(value_name = "FILTER")]
        filters: Vec<String>,
    },
    /// Hold the house against its rules
    Tidy,
    /// Write the documents of the metric families
    Catalog {
        /// Write nothing, and fail where a document is not as it would be written
        #[arg(long)]
        check: bool,
    },
    /// Hold the requirements against the tests of the last run
    Coverage,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Example {
            system,
            keep,
            port_base,
            report,
            compiler,
        } => example::run(&example::Settings {
            system,
            keep,
            port_base,
            report,
            compiler,
        }),
        Command::Test {
            require_peers,
            only,
        } => ci::run(ci::Settings {
            require_peers,
            only,
        }),
        Command::Peers { names } => peers::install(&names).map(|()| ExitCode::SUCCESS),
        Command::Bench {
            differential: true,
            check,
            ..
        } => bench::differential(check),
        Command::Bench {
            quick,
            evidence,
            filters,
            ..
        } => bench::run(&bench::Settings {
            quick,
            evidence,
            filters,
        }),
        Command::Tidy => {
            let findings = tidy::check(&tidy::Tree::load(&Workspace::load()?)?);
            findings.iter().for_each(|finding| println!("{finding}"));
            let tidy = findings.iter().all(tidy::Finding::is_warning);
            Ok(if tidy {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Catalog { check } => {
            let stale = catalog::run(&Workspace::load()?, check)?;
            let what = if check {
                "is not up to date"
            } else {
                "is up to date now"
            };
            stale
                .iter()
                .for_each(|path| println!("{} {what}", path.display()));
            Ok(if check && !stale.is_empty() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            })
        }
        Command::Coverage => {
            let coverage = coverage::Coverage::of(&ci::read(&Workspace::load()?)?);
            print!("{}", coverage.table());
            let complete = coverage.missing().is_empty();
            Ok(if complete {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}
