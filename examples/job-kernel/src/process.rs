//! How each of the four programs starts and stops.

use std::{
    error::Error, fmt, future::Future, io, net::SocketAddr, process::ExitCode, time::Duration,
};

use throughline_telemetry::{StartError, Telemetry};
use tokio::{net::TcpListener, sync::watch};

/// How long open requests may go on after the signal to stop.
const GRACE: Duration = Duration::from_millis(1500);

/// How long spans and log lines may take to get out after the last request.
const FLUSH: Duration = Duration::from_secs(2);

/// Why a program did not start, or ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessError {
    /// The address cannot be listened on.
    Listen(SocketAddr, io::Error),
    /// Signals cannot be received.
    Signals(io::Error),
    /// Telemetry did not start.
    Telemetry(StartError),
    /// The server failed while it ran.
    Serve(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(addr, why) if why.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "cannot listen on {addr}: the port is in use; choose another with --listen"
                )
            }
            Self::Listen(addr, why) => write!(f, "cannot listen on {addr}: {why}"),
            Self::Signals(why) => write!(f, "cannot receive signals: {why}"),
            Self::Telemetry(why) => why.fmt(f),
            Self::Serve(why) => write!(f, "the server failed: {why}"),
        }
    }
}

impl Error for ProcessError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Listen(_, why) | Self::Signals(why) => Some(why),
            Self::Telemetry(why) => Some(why),
            Self::Serve(why) => Some(why.as_ref()),
        }
    }
}

impl From<StartError> for ProcessError {
    fn from(why: StartError) -> Self {
        Self::Telemetry(why)
    }
}

/// Binds the address, so that what follows cannot fail for want of it.
///
/// # Errors
/// If the address is in use or not ours.
pub async fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), ProcessError> {
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|why| ProcessError::Listen(addr, why))?;
    let addr = listener
        .local_addr()
        .map_err(|why| ProcessError::Listen(addr, why))?;
    Ok((listener, addr))
}

/// Says, once, that the program takes requests, and where.
pub fn ready(addr: SocketAddr) {
    tracing::info!("listening on {addr}");
}

/// What `main` returns; an error is told in one line.
#[must_use]
pub fn exit(program: &str, result: Result<(), ProcessError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{program}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The wish that the program stops: SIGTERM or Ctrl-C.
#[derive(Debug, Clone)]
pub struct Stop {
    wish: watch::Receiver<bool>,
}

impl Stop {
    /// Listens for signals from now on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn on_signals() -> Result<Self, ProcessError> {
        let signal = signal().map_err(ProcessError::Signals)?;
        let (sender, wish) = watch::channel(false);
        tokio::spawn(async move {
            signal.await;
            sender.send_replace(true);
        });
        Ok(Self { wish })
    }

    /// Resolves when the program shall stop.
    pub fn wished(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut wish = self.wish.clone();
        async move {
            // The sender goes away only with the runtime, which is a reason to stop as well.
            let _ = wish.wait_for(|&wish| wish).await;
        }
    }

    /// Runs a server that stops by itself once [`Self::wished`], cuts it off after a grace of 1.5
    /// seconds, and ends telemetry after it.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn drain<E>(
        &self,
        server: impl Future<Output = Result<(), E>>,
        telemetry: Telemetry,
    ) -> Result<(), ProcessError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let cut = async {
            self.wished().await;
            tokio::time::sleep(GRACE).await;
        };
        let result = tokio::select! {
            ended = server => ended.map_err(|why| ProcessError::Serve(why.into())),
            () = cut => Ok(()),
        };
        telemetry.shutdown(FLUSH).await;
        result
    }
}

#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
