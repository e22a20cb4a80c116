//! The example systems: how each is started, driven, and held to what it promises.

pub mod job_kernel;

use std::path::PathBuf;

use crate::error::Result;
use crate::report::Report;
use crate::stack;

/// A system that `cargo xtask example` can run. Its name is also its package's.
pub trait System: Sized {
    /// The name on the command line.
    const NAME: &'static str;

    /// Starts every process of the system.
    fn start(options: Options) -> impl Future<Output = Result<Self>>;

    /// Drives the workload and checks what the system promises.
    fn run(&self) -> impl Future<Output = Report>;

    /// What a person wants to see after a run: the trace, the lines, the families.
    fn show(&self, report: &Report) -> impl Future<Output = String>;

    /// Its processes.
    fn processes(&self) -> &stack::Stack;

    /// Stops every process and returns those whose end was not clean.
    fn stop(self) -> impl Future<Output = Vec<stack::Unclean>>;
}

/// How to start a system.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory that has its programs.
    pub binaries: PathBuf,
    /// The first of its ports; with 0 every port is a free one.
    pub port_base: u16,
    /// Whether its services export their traces to a receiver of ours.
    pub otlp: bool,
    /// Further environment of every service.
    pub env: Vec<(String, String)>,
    /// Further arguments, each with the name of the service that it is for.
    pub args: Vec<(String, String)>,
    /// Programs of another make, each with the name of the service that it is.
    pub programs: Vec<(String, PathBuf)>,
}

impl Options {
    /// Free ports, traces exported, every program its own, nothing else in the environment.
    pub fn new(binaries: impl Into<PathBuf>) -> Self {
        Self {
            binaries: binaries.into(),
            port_base: 0,
            otlp: true,
            env: Vec::new(),
            args: Vec::new(),
            programs: Vec::new(),
        }
    }
}
