//! How the programs start and stop.

use std::{error::Error, future::Future, net::SocketAddr, process::ExitCode, time::Duration};

use throughline_context::{BaggageRule, Propagator};
use throughline_telemetry::{Telemetry, shutdown_signal};
use tokio::{net::TcpListener, sync::watch};

/// Why a program did not start, or ended.
pub type ProcessError = Box<dyn Error + Send + Sync>;

/// How long open requests may go on after the signal to stop.
const GRACE: Duration = Duration::from_millis(1500);

/// How long spans and log lines may take to get out after the last request.
const FLUSH: Duration = Duration::from_secs(2);

/// A program that has its address and has not said so yet.
#[derive(Debug)]
pub struct Process {
    telemetry: Telemetry,
    address: SocketAddr,
    stop: watch::Receiver<bool>,
}

impl Process {
    /// Starts telemetry under the program's name and binds its address; port 0 takes a free one.
    ///
    /// # Errors
    /// If a setting of telemetry is wrong, or the address is in use or not ours.
    pub async fn start(
        name: &'static str,
        listen: SocketAddr,
    ) -> Result<(Self, TcpListener), ProcessError> {
        let (sender, stop) = watch::channel(false);
        tokio::spawn(async move {
            shutdown_signal().await;
            sender.send_replace(true);
        });
        let telemetry = Telemetry::builder(name).start().await?;
        // The peers are all ours, so a caller's baggage goes on as it came.
        Propagator::builder()
            .baggage(BaggageRule::all())
            .build()?
            .set_global()?;
        let cannot = |why| format!("cannot listen on {listen}: {why}");
        let listener = TcpListener::bind(listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let process = Self {
            telemetry,
            address,
            stop,
        };
        Ok((process, listener))
    }

    /// Resolves when the program shall stop: at SIGTERM or Ctrl-C.
    pub fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.clone();
        async move {
            // The sender goes away only with the runtime, which is a reason to stop as well.
            let _ = stop.wait_for(|&stop| stop).await;
        }
    }

    /// Says that the program listens, runs a server that stops by itself once
    /// [`stopped`](Self::stopped), and cuts it off after a grace of 1.5 seconds.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn run<E: Into<ProcessError>>(
        self,
        server: impl Future<Output = Result<(), E>>,
    ) -> Result<(), ProcessError> {
        let stopped = self.stopped();
        let cut = async {
            stopped.await;
            tokio::time::sleep(GRACE).await;
        };
        tracing::info!("listening on {}", self.address);
        let result = tokio::select! {
            ended = server => ended.map_err(Into::into),
            () = cut => Ok(()),
        };
        self.telemetry.shutdown(FLUSH).await;
        result
    }
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

/// Reads whom a program calls from the command line.
///
/// ```
/// use interop::process::parse_url;
///
/// assert_eq!(parse_url("http://127.0.0.1:80/echo").unwrap().path(), "/echo");
/// assert_eq!(parse_url("127.0.0.1:80").unwrap().to_string(), "http://127.0.0.1:80/");
/// assert!(parse_url("https://127.0.0.1").unwrap_err().contains("http://"));
/// ```
///
/// # Errors
/// If it is no `HOST:PORT` and no `http://` address.
pub fn parse_url(text: &str) -> Result<http::Uri, String> {
    let url = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}/")
    };
    url.parse::<http::Uri>()
        .ok()
        .filter(|url| url.scheme_str() == Some("http"))
        .filter(|url| url.host().is_some_and(|host| !host.is_empty()))
        .ok_or_else(|| {
            "give an address such as 127.0.0.1:9103 or http://127.0.0.1:9103/echo".to_owned()
        })
}
