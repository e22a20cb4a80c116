//! Processes on loopback: started, waited for, watched, read, and never left behind.
//!
//! Each process leads a process group of its own, so that Ctrl-C reaches the runner alone and the
//! runner decides what happens. A process is owned by one task; whichever way that task ends (stop,
//! drop, panic, end of the runtime), the process is killed before its id can be used again.

mod lines;
mod ready;
mod running;

pub use lines::{Line, Log, Stream};
pub use running::{Running, Unclean};

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};

/// How long a process may take to say that it listens.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long a process may take to stop after it was asked to.
pub const GRACE: Duration = Duration::from_secs(5);

/// What to start: a program, its arguments and what it should find in its environment.
#[derive(Clone, Debug)]
pub struct Service {
    name: String,
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, Option<OsString>)>,
    ready: Ready,
}

/// When a service is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ready {
    /// It has said `listening on ADDR`.
    Listening,
    /// It has also said `metrics on http://ADDR/metrics`.
    ListeningWithMetrics,
    /// It has said that alone.
    Metrics,
    /// It takes connections at this address.
    At(SocketAddr),
}

impl Service {
    /// A service under the name that its errors and log lines are shown with.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            ready: Ready::Listening,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets one variable of the environment, which is otherwise the runner's own.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Leaves out one variable of the runner's own environment.
    #[must_use]
    pub fn without_env(mut self, name: impl Into<OsString>) -> Self {
        self.env.push((name.into(), None));
        self
    }

    /// The service is ready only when it has also said `metrics on http://ADDR/metrics`.
    #[must_use]
    pub const fn with_metrics(mut self) -> Self {
        self.ready = Ready::ListeningWithMetrics;
        self
    }

    /// The service serves nobody: it is ready when it has said `metrics on http://ADDR/metrics`, and
    /// that is its address.
    #[must_use]
    pub const fn with_metrics_alone(mut self) -> Self {
        self.ready = Ready::Metrics;
        self
    }

    /// The service is somebody else's and says nothing of ours: it is ready when it takes connections
    /// at the address that it was told to listen on.
    #[must_use]
    pub const fn ready_at(mut self, address: SocketAddr) -> Self {
        self.ready = Ready::At(address);
        self
    }

    /// The name given to `new`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The services that run, in the order of their start.
#[derive(Debug, Default)]
pub struct Stack {
    services: Vec<Running>,
}

impl Stack {
    /// A stack without services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts one service and waits until it listens.
    ///
    /// # Errors
    /// If it cannot be started, ends before it is ready (its status and its last lines are told), or
    /// does not become ready within 30 seconds. It is gone then.
    pub async fn start(&mut self, service: Service) -> Result<&Running> {
        let running = Running::start(service, START_LIMIT).await?;
        self.services.push(running);
        Ok(self.services.last().expect("one was just pushed"))
    }

    /// The services, in the order of their start.
    #[must_use]
    pub fn services(&self) -> &[Running] {
        &self.services
    }

    /// The service of this name.
    ///
    /// # Panics
    /// If there is none: a mistake in the caller.
    #[must_use]
    #[track_caller]
    pub fn service(&self, name: &str) -> &Running {
        self.services
            .iter()
            .find(|service| service.name() == name)
            .unwrap_or_else(|| panic!("no service `{name}` was started"))
    }

    /// Whether all services still run.
    ///
    /// # Errors
    /// Names the first one that does not, with its status and its last lines.
    pub fn check(&self) -> Result<()> {
        match self.services.iter().find_map(Running::ended) {
            None => Ok(()),
            Some(ended) => Err(Error::new(ended)),
        }
    }

    /// Waits until one of the services ends, and says which and how. Waits for ever if none does.
    pub async fn first_end(&self) -> Error {
        let ends = self
            .services
            .iter()
            .map(|service| Box::pin(service.wait()))
            .collect::<Vec<_>>();
        if ends.is_empty() {
            return std::future::pending().await;
        }
        first(ends).await;
        self.check()
            .err()
            .unwrap_or_else(|| Error::new("a service ended"))
    }

    /// Asks all services to stop, last started first, and kills what has not stopped after `grace`.
    /// Returns those whose end was not clean.
    pub async fn stop(self, grace: Duration) -> Vec<Unclean> {
        let mut unclean = Vec::new();
        for service in self.services.into_iter().rev() {
            unclean.extend(service.stop(grace).await);
        }
        unclean
    }
}

/// Waits for the first of some futures.
async fn first<F: Future<Output = ()> + Unpin>(mut all: Vec<F>) {
    std::future::poll_fn(|cx| {
        let done = all
            .iter_mut()
            .any(|one| std::pin::Pin::new(one).poll(cx).is_ready());
        if done {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests;
