//! `job-kernel`: System API → Kernel → Compiler and Driver Manager.

mod calls;
mod promises;
mod show;
mod workload;

pub use workload::{Call, Run, Workload};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Options, System};
use crate::error::{Context, Error, Result};
use crate::http::{Request, Response, url};
use crate::promtext::Page;
use crate::report::Report;
use crate::stack::{self, GRACE, Line, Running, Service, Unclean};
use crate::{http, otlp};

/// How often the services export their spans, in milliseconds.
const EXPORT_EVERY: &str = "200";

/// Settings that a runner's own shell may have; they must not decide what is checked.
const OF_THE_SHELL: [&str; 13] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_PROPAGATORS",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_SAMPLER",
    "RUST_LOG",
    // A proxy must not stand between a peer and the receiver.
    "HTTP_PROXY",
    "grpc_proxy",
    "http_proxy",
    "https_proxy",
    "GRPC_VERBOSITY",
];

/// How long what a service emits may take to arrive.
pub const SETTLE: Duration = Duration::from_secs(10);

/// The four programs. Their names are those of their binaries and of `service` in their lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Serves users over HTTP.
    SystemApi,
    /// Leads jobs through their stages.
    Kernel,
    /// Runs programs on devices.
    DriverManager,
    /// Turns a circuit's source into a program.
    Compiler,
}

impl Role {
    /// All four, in the order in which a request reaches them.
    pub const ALL: [Self; 4] = [
        Self::SystemApi,
        Self::Kernel,
        Self::Compiler,
        Self::DriverManager,
    ];

    /// Those that have a metrics page.
    pub const MEASURED: [Self; 3] = [Self::SystemApi, Self::Kernel, Self::DriverManager];

    /// The service's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SystemApi => "system-api",
            Self::Kernel => "kernel",
            Self::DriverManager => "driver-manager",
            Self::Compiler => "compiler",
        }
    }

    /// How far its port and its page's port lie above the base.
    const fn ports(self) -> (u16, Option<u16>) {
        match self {
            Self::SystemApi => (10, Some(0)),
            Self::Kernel => (11, Some(1)),
            Self::DriverManager => (12, Some(2)),
            Self::Compiler => (13, None),
        }
    }
}

/// Whose compiler a system has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum Compiler {
    /// That of the package.
    #[default]
    Rust,
    /// The peer in Python, with the official instrumentation.
    Python,
}

impl Compiler {
    /// The peer's program, by the name that [`peers`](crate::peers) finds it under; none for ours.
    #[must_use]
    pub const fn peer(self) -> Option<&'static str> {
        match self {
            Self::Rust => None,
            Self::Python => Some("peer-python-compiler"),
        }
    }
}

/// The running system.
#[derive(Debug)]
pub struct Stack {
    processes: stack::Stack,
    receiver: Option<otlp::Receiver>,
    started: Vec<(Role, Duration)>,
    port_base: u16,
}

impl Stack {
    /// Starts all four, each after those that it calls.
    ///
    /// # Errors
    /// If a program is missing, does not start, or a port is in use: the error names the service.
    pub async fn start(options: Options) -> Result<Self> {
        let receiver = if options.otlp {
            Some(otlp::Receiver::start().await?)
        } else {
            None
        };
        let mut stack = Self {
            processes: stack::Stack::new(),
            receiver,
            started: Vec::new(),
            port_base: options.port_base,
        };
        let compiler = stack.launch(&options, Role::Compiler, &[]).await?;
        let drivers = stack.launch(&options, Role::DriverManager, &[]).await?;
        let below = [("--compiler", compiler), ("--driver-manager", drivers)];
        let kernel = stack.launch(&options, Role::Kernel, &below).await?;
        stack
            .launch(&options, Role::SystemApi, &[("--kernel", kernel)])
            .await?;
        Ok(stack)
    }

    async fn launch(
        &mut self,
        options: &Options,
        role: Role,
        below: &[(&str, SocketAddr)],
    ) -> Result<SocketAddr> {
        let port = |above: u16| match options.port_base {
            0 => Ok(0),
            base => base
                .checked_add(above)
                .ok_or_else(|| Error::new(format!("the port base {base} leaves no room above it"))),
        };
        let (own, page) = role.ports();
        let mut programs = options.programs.iter();
        let other = programs.find(|(service, _)| service == role.name());
        let program = match other {
            Some((_, program)) => program.clone(),
            None => options.binaries.join(role.name()),
        };
        let mut service = Service::new(role.name(), program)
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", port(own)?))
            .env("OTEL_BSP_SCHEDULE_DELAY", EXPORT_EVERY);
        for name in OF_THE_SHELL {
            service = service.without_env(name);
        }
        if let Some(page) = page {
            let page = format!("127.0.0.1:{}", port(page)?);
            service = service.arg("--metrics-listen").arg(page).with_metrics();
        }
        for (flag, address) in below {
            service = service.arg(*flag).arg(format!("http://{address}"));
        }
        if let Some(receiver) = &self.receiver {
            service = service.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint());
        }
        for (_, arg) in options.args.iter().filter(|(to, _)| to == role.name()) {
            service = service.arg(arg);
        }
        for (name, value) in &options.env {
            service = service.env(name, value);
        }
        let begun = Instant::now();
        let address = self.processes.start(service).await?.address();
        self.started.push((role, begun.elapsed()));
        Ok(address)
    }

    /// One of the four.
    #[must_use]
    pub fn role(&self, role: Role) -> &Running {
        self.processes.service(role.name())
    }

    /// The receiver of their spans, if they export.
    #[must_use]
    pub const fn receiver(&self) -> Option<&otlp::Receiver> {
        self.receiver.as_ref()
    }

    /// The system API's URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        url(self.role(Role::SystemApi).address(), path)
    }

    /// Submits a job: a JSON object with `circuit`, `shots`, `driver`, `options`.
    ///
    /// # Errors
    /// If the system API does not answer.
    pub async fn submit(&self, job: &serde_json::Value) -> Result<Response> {
        Request::post_json(self.url("/v1/jobs"), job).send().await
    }

    /// The job as the system API tells it now.
    ///
    /// # Errors
    /// If the system API does not answer.
    pub async fn job(&self, id: &str) -> Result<Response> {
        Request::get(self.url(&format!("/v1/jobs/{id}")))
            .send()
            .await
    }

    /// The job's events up to its end.
    ///
    /// # Errors
    /// If there is no such stream, it does not end, or an event is not JSON.
    pub async fn events(&self, id: &str) -> Result<Vec<serde_json::Value>> {
        let url = self.url(&format!("/v1/jobs/{id}/events"));
        let events = http::events(Request::get(url)).await?;
        events
            .iter()
            .map(|text| serde_json::from_str(text).context(|| format!("not JSON: {text}")))
            .collect()
    }

    /// The metrics page of a service as it answers a scrape.
    ///
    /// # Errors
    /// If the service has none or does not answer.
    pub async fn scrape(&self, role: Role) -> Result<Response> {
        let address = self.role(role).metrics_address();
        let address =
            address.ok_or_else(|| Error::new(format!("{} has no metrics page", role.name())))?;
        Request::get(url(address, "/metrics")).send().await
    }

    /// The metrics page of a service.
    ///
    /// # Errors
    /// If it cannot be read or is not in the format.
    pub async fn page(&self, role: Role) -> Result<Page> {
        let response = self.scrape(role).await?;
        if response.status != ::http::StatusCode::OK {
            return Err(Error::new(format!(
                "{}: /metrics says {}",
                role.name(),
                response.status
            )));
        }
        Page::parse(&response.text()).context(|| format!("{}: /metrics", role.name()))
    }

    /// Reads a service's page until it is as expected, and returns it as it was last.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub async fn page_when(&self, role: Role, expected: impl Fn(&Page) -> bool) -> Result<Page> {
        let deadline = Instant::now() + SETTLE;
        loop {
            let page = self.page(role).await?;
            if expected(&page) || deadline < Instant::now() {
                return Ok(page);
            }
            // A page cannot be waited for, only looked at again.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The lines of a service that carry this trace id, so far.
    #[must_use]
    pub fn lines(&self, role: Role, trace: &str) -> Vec<Arc<Line>> {
        let mut lines = self.role(role).log().lines();
        lines.retain(|line| line.text_of("trace_id") == Some(trace));
        lines
    }

    /// Asks all four to stop, those that are called last, and waits until they have: what they
    /// wrote is complete then.
    ///
    /// # Errors
    /// Names a service that has not stopped within [`GRACE`].
    pub async fn end(&self) -> Result<()> {
        for service in self.processes.services().iter().rev() {
            service.ask_to_stop();
            let end = tokio::time::timeout(GRACE, service.wait()).await;
            end.map_err(|_| Error::new(format!("{} does not stop", service.name())))?;
        }
        Ok(())
    }

    /// Stops all four and returns those whose end was not clean.
    pub async fn stop(self) -> Vec<Unclean> {
        self.processes.stop(GRACE).await
    }
}

/// Drives the workload and checks every promise.
pub async fn run(stack: &Stack) -> Report {
    let mut report = Report::new(<Stack as System>::NAME);
    for (role, time) in &stack.started {
        report.took(format!("start {}", role.name()), *time);
    }
    for role in Role::ALL {
        let running = stack.role(role);
        report
            .addresses
            .push((role.name().to_owned(), running.address().to_string()));
        if let Some(page) = running.metrics_address() {
            let name = format!("{} metrics", role.name());
            report.addresses.push((name, url(page, "/metrics")));
        }
    }
    match workload::drive(stack, &mut report).await {
        Ok(workload) => promises::check(stack, &workload, &mut report).await,
        Err(error) => {
            report.promise(
                &["K9"],
                "the workload can be driven",
                Err(error.to_string()),
            );
        }
    }
    report
}

impl System for Stack {
    const NAME: &'static str = "job-kernel";

    async fn start(options: Options) -> Result<Self> {
        Self::start(options).await
    }

    async fn run(&self) -> Report {
        run(self).await
    }

    async fn show(&self, report: &Report) -> String {
        show::show(self, report).await
    }

    fn processes(&self) -> &stack::Stack {
        &self.processes
    }

    async fn stop(self) -> Vec<Unclean> {
        Self::stop(self).await
    }
}

#[cfg(test)]
mod tests;
