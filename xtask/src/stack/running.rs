//! One running process and the task that owns it.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::lines::{Log, Stream};
use super::{Ready, Service};
use crate::error::{Context, Error, Result};

/// How many lines an error tells of a process that ended.
const TAIL: usize = 12;

/// A process may leave children that hold its pipes; its last lines are waited for this long.
const LAST_LINES: Duration = Duration::from_millis(500);

/// A service that runs.
#[derive(Debug)]
pub struct Running {
    name: String,
    pid: u32,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    log: Arc<Log>,
    orders: mpsc::UnboundedSender<Order>,
    end: watch::Receiver<Option<ExitStatus>>,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Stop,
    Kill,
}

/// A service whose end was not clean, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclean {
    /// The service's name.
    pub service: String,
    /// How it ended, such as `exit status 1`.
    pub how: String,
}

impl fmt::Display for Unclean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.service, self.how)
    }
}

impl Running {
    pub(super) async fn start(service: Service, limit: Duration) -> Result<Self> {
        let Service {
            name,
            program,
            args,
            env,
            ready,
        } = service;
        let mut command = Command::new(&program);
        for (name, value) in env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context(|| format!("{name}: cannot start {}", program.display()))?;
        let pid = child
            .id()
            .expect("a child that nobody waited for has an id");

        let log = Arc::new(Log::default());
        let out = child.stdout.take().expect("stdout is a pipe");
        let err = child.stderr.take().expect("stderr is a pipe");
        let readers = [
            tokio::spawn(Arc::clone(&log).read(Stream::Stdout, out)),
            tokio::spawn(Arc::clone(&log).read(Stream::Stderr, err)),
        ];
        let (orders, inbox) = mpsc::unbounded_channel();
        let (ended, end) = watch::channel(None);
        tokio::spawn(own(Owned(child), inbox, ended, readers));

        let mut addresses = (None, None);
        let up = async {
            if let Ready::At(address) = ready {
                return super::ready::connected(address, limit).await;
            }
            let said = log.wait_for(limit, |lines| {
                for line in lines {
                    addresses.0 = addresses.0.or_else(|| super::ready::listening(line));
                    addresses.1 = addresses.1.or_else(|| super::ready::metrics(line));
                }
                match ready {
                    Ready::Metrics => addresses.1,
                    Ready::ListeningWithMetrics => addresses.0.filter(|_| addresses.1.is_some()),
                    Ready::Listening | Ready::At(_) => addresses.0,
                }
            });
            said.await
        };
        let mut gone = end.clone();
        // Both may be true at once (a program that says it listens and then fails): the end wins.
        let address = tokio::select! {
            biased;
            _ = gone.wait_for(Option::is_some) => None,
            address = up => address,
        };
        let page = addresses.1;
        let status = *end.borrow();
        if let Some(status) = status {
            return Err(Error::new(format!(
                "{name} ended before it was ready ({}). Its last lines:\n{}",
                how(status),
                log.tail(TAIL)
            )));
        }
        let Some(address) = address else {
            let missing = match ready {
                Ready::At(address) => format!("nobody takes connections at {address}"),
                Ready::Listening | Ready::ListeningWithMetrics if addresses.0.is_none() => {
                    "no line says `listening on ADDR`".to_owned()
                }
                _ => "no line says `metrics on URL`".to_owned(),
            };
            return Err(Error::new(format!(
                "{name} was not ready after {} s: {missing}. Its last lines:\n{}",
                limit.as_secs(),
                log.tail(TAIL)
            )));
        };
        Ok(Self {
            name,
            pid,
            address,
            metrics: page,
            log,
            orders,
            end,
        })
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of its process.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Where it listens, as it said itself.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics page is, if it said so.
    #[must_use]
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// What it has written.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// If the process has ended: which, how, and its last lines.
    #[must_use]
    pub fn ended(&self) -> Option<String> {
        let status = (*self.end.borrow())?;
        Some(format!(
            "{} ended while it was needed ({}). Its last lines:\n{}",
            self.name,
            how(status),
            self.log.tail(TAIL)
        ))
    }

    /// Waits until the process has ended.
    pub async fn wait(&self) {
        let mut end = self.end.clone();
        // An error means that the owner is gone, and with it the process.
        let _ = end.wait_for(Option::is_some).await;
    }

    /// Kills the process at once, as a crash would. [`wait`](Self::wait) tells when it is gone.
    pub fn kill(&self) {
        let _ = self.orders.send(Order::Kill);
    }

    /// Asks the process to stop, and leaves it the time that it takes. [`wait`](Self::wait) tells
    /// when it is gone; all that it wrote is in its [`log`](Self::log) then.
    pub fn ask_to_stop(&self) {
        let _ = self.orders.send(Order::Stop);
    }

    /// Asks the process to stop and kills it after `grace`.
    pub async fn stop(self, grace: Duration) -> Option<Unclean> {
        let early = self.end.borrow().is_some();
        // A closed channel means that the process is gone already.
        let _ = self.orders.send(Order::Stop);
        let late = tokio::time::timeout(grace, self.wait()).await.is_err();
        if late {
            let _ = self.orders.send(Order::Kill);
            self.wait().await;
        }
        let status = *self.end.borrow();
        let how = match status {
            _ if late => format!(
                "did not stop within {} s and was killed",
                grace.as_secs_f32()
            ),
            Some(status) if early => format!("had ended by itself, {}", how(status)),
            Some(status) if !status.success() => how(status),
            Some(_) => return None,
            None => "was lost: nobody saw its end".to_owned(),
        };
        Some(Unclean {
            service: self.name.clone(),
            how,
        })
    }
}

/// The process. Dropped, its whole group is killed, unless its end has been seen.
struct Owned(Child);

impl Owned {
    /// The process's id while it certainly is its own: after the end was seen there is none.
    fn pid(&self) -> Option<Pid> {
        self.0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
    }

    fn kill(&self) {
        if let Some(pid) = self.pid() {
            // It leads its group, so children that it started go with it.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Owns the process to its end. A closed inbox means that nobody wants it any more.
async fn own(
    mut child: Owned,
    mut inbox: mpsc::UnboundedReceiver<Order>,
    ended: watch::Sender<Option<ExitStatus>>,
    readers: [JoinHandle<()>; 2],
) {
    let status = loop {
        tokio::select! {
            status = child.0.wait() => break status,
            order = inbox.recv() => match order {
                Some(Order::Stop) => {
                    if let Some(pid) = child.pid() {
                        let _ = kill_process(pid, Signal::TERM);
                    }
                }
                Some(Order::Kill) => child.kill(),
                None => {
                    child.kill();
                    break child.0.wait().await;
                }
            },
        }
    };
    for reader in readers {
        let _ = tokio::time::timeout(LAST_LINES, reader).await;
    }
    if let Ok(status) = status {
        ended.send_replace(Some(status));
    }
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}
