//! The runner: a process that does the work, in the trace and with the ids of whoever started it.

use std::{path::PathBuf, process::Stdio};

use clap::ValueEnum as _;
use throughline_context::{Environment, Scope};
use throughline_correlation::{Ids, JobId, Key};
use throughline_job::job;
use tokio::{process::Command, sync::Notify};

pub use super::task::Order;
use crate::broker::{BrokerError, Result};

/// How runners are started.
#[derive(Debug)]
pub struct Runners {
    /// The program, which is told what to do by `run ORDER`.
    pub program: PathBuf,
    /// Woken when a runner has begun that will not end by itself.
    pub held: Notify,
}

impl Runners {
    /// Runners of this program.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            held: Notify::new(),
        }
    }

    /// Has a runner do it, with the context of the work at hand in its environment.
    ///
    /// # Errors
    /// If it cannot be started, or fails.
    pub async fn run(&self, order: Order) -> Result<()> {
        let mut environment = Environment::new();
        Scope::current().inject(&mut environment);
        let name = order.to_possible_value().ok_or("an order has a name")?;
        let mut command = std::process::Command::new(&self.program);
        command.args(["run", name.get_name()]);
        environment.apply(&mut command);
        // It learns by the end of its input that nobody waits for it any more.
        command.stdin(Stdio::piped());
        let mut runner = Command::from(command).kill_on_drop(true).spawn()?;
        let input = runner.stdin.take();
        if order == Order::Hold {
            tracing::info!("holding");
            self.held.notify_one();
        } else {
            drop(input);
        }
        let status = runner.wait().await?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the runner failed ({status})").into())
        }
    }
}

/// What the runner does in its process.
///
/// # Errors
/// If it was told to fail, or was told nothing of a job.
pub async fn run(order: Order) -> Result<()> {
    let kinds = [Key::Job, Key::Message, Key::Request];
    let scope = Scope::extract(&Environment::read(), kinds);
    let id = scope
        .ids()
        .get::<JobId>()
        .ok_or("there is no job to run for")?;
    let work = async {
        // The log line has the ids, and is how a test knows that they came through.
        tracing::info!("running");
        // Nothing else is to be done here meanwhile.
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
            .await??;
        match order {
            Order::Succeed => Ok(()),
            Order::Fail => Err(BrokerError::from("the benchmark failed")),
            Order::Hold => Err("whoever waited is gone".into()),
        }
    };
    debug_assert!(Ids::current().is_empty(), "a process begins without ids");
    scope.around(job("run bench", &id, work)).await
}
