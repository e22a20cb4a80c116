//! The kernel: jobs, their states, and the stages they go through.

mod catalogue;
mod failure;
mod job;
mod runner;
mod service;
mod stages;
mod state;
mod table;
mod wire;

pub use self::catalogue::eigen;
pub use self::failure::{Failure, FailureKind};
pub use self::job::{Job, Record, Transition};
pub use self::service::{KernelService, Limits};
pub use self::stages::{Peers, Timeouts};
pub use self::state::{IllegalTransition, Stage, State};
pub use self::table::{IdTaken, Table};
