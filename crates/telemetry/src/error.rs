//! What can be wrong at the start.

use std::{error::Error, fmt, io, net::SocketAddr};

/// Telemetry could not start. The text names the setting, its value and what would do.
#[derive(Debug)]
pub struct StartError {
    what: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StartError {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn log(source: throughline_log::ConfigError) -> Self {
        Self::new("the log cannot be set up").because(source)
    }

    pub(crate) fn catalogues(source: throughline_catalog::Conflict) -> Self {
        Self::new("two catalogues cannot be used together").because(source)
    }

    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        let hint = match source.kind() {
            io::ErrorKind::AddrInUse => "; choose another one, or stop what listens there",
            _ => "",
        };
        Self::new(format!(
            "the metrics page cannot be served at {address}{hint}"
        ))
        .because(source)
    }

    pub(crate) fn already(what: &str) -> Self {
        Self::new(format!(
            "{what} is installed already; start telemetry once in a process"
        ))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        // One line says it all: this error ends the process, and is printed with `{}`.
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for StartError {}
