//! Brokers on loopback, each with a port and a directory of its own.

use std::net::{SocketAddr, TcpListener};

use tempfile::TempDir;
use xtask::{
    peers,
    stack::{GRACE, Service, Stack},
};

/// A broker that runs. Dropped, it is killed.
pub(crate) struct Server {
    stack: Stack,
    address: SocketAddr,
    _home: TempDir,
}

/// How often another port is tried, where somebody took the one that was free a moment ago.
const TRIES: usize = 3;

impl Server {
    /// Redis, or nothing if it is not here.
    pub(crate) async fn redis() -> Option<Self> {
        let program = peers::require("redis-server")?;
        let service = |address: SocketAddr, home: &TempDir| {
            let args = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1"];
            let service = args
                .into_iter()
                .fold(Service::new("redis", &program), Service::arg);
            let service = service.arg("--dir").arg(home.path());
            vec![
                service
                    .arg("--port")
                    .arg(address.port().to_string())
                    .ready_at(address),
            ]
        };
        Some(Self::start(service).await)
    }

    /// NATS with JetStream, or nothing if it is not here.
    pub(crate) async fn nats() -> Option<Self> {
        let program = peers::require("nats-server")?;
        let service = |address: SocketAddr, home: &TempDir| {
            let service = Service::new("nats", &program).arg("--jetstream");
            let service = service.arg("--store_dir").arg(home.path());
            let service = service.arg("--addr").arg("127.0.0.1");
            vec![
                service
                    .arg("--port")
                    .arg(address.port().to_string())
                    .ready_at(address),
            ]
        };
        Some(Self::start(service).await)
    }

    /// RabbitMQ with a register of names of its own, or nothing if it is not here.
    pub(crate) async fn rabbitmq() -> Option<Self> {
        let program = peers::require("rabbitmq-server")?;
        let register = peers::require("epmd")?;
        let service = |address: SocketAddr, home: &TempDir| {
            let (names, others) = (free(), free());
            let config = home.path().join("rabbitmq.conf");
            let listen =
                format!("listeners.tcp.1 = {address}\nlog.console = true\nlog.file = false\n");
            std::fs::write(&config, listen).expect("it is ours");
            let within = |name: &str| home.path().join(name);
            let of_erlang = |service: Service| {
                let service = service.env("ERL_EPMD_ADDRESS", "127.0.0.1");
                service
                    .env("ERL_EPMD_PORT", names.port().to_string())
                    .env("HOME", home.path())
            };
            let register = of_erlang(Service::new("epmd", &register)).ready_at(names);
            let broker = of_erlang(Service::new("rabbitmq", &program))
                .env(
                    "RABBITMQ_NODENAME",
                    format!("throughline-{}@localhost", address.port()),
                )
                .env("RABBITMQ_DIST_PORT", others.port().to_string())
                .env("RABBITMQ_CONFIG_FILE", &config)
                .env("RABBITMQ_CONF_ENV_FILE", within("none"))
                .env("RABBITMQ_ENABLED_PLUGINS_FILE", within("plugins"))
                .env("RABBITMQ_LOG_BASE", within("log"))
                .env("RABBITMQ_MNESIA_BASE", within("data"))
                .env(
                    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                    "-kernel inet_dist_use_interface {127,0,0,1}",
                )
                .ready_at(address);
            vec![register, broker]
        };
        Some(Self::start(service).await)
    }

    /// Starts services of which the last is the broker.
    async fn start(services: impl Fn(SocketAddr, &TempDir) -> Vec<Service>) -> Self {
        let mut why = None;
        for _ in 0..TRIES {
            let (address, home) = (free(), tempfile::tempdir().expect("a directory"));
            let mut stack = Stack::new();
            let mut failed = None;
            for service in services(address, &home) {
                failed = failed.or(stack.start(service).await.err());
            }
            let Some(error) = failed else {
                return Self {
                    stack,
                    address,
                    _home: home,
                };
            };
            why = Some(error);
        }
        panic!("the broker does not start: {}", why.expect("it was tried"));
    }

    /// Where it is.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Stops it.
    pub(crate) async fn stop(self) {
        // How a broker ends is its own affair, as long as it does.
        let _ = self.stack.stop(2 * GRACE).await;
    }
}

/// An address of loopback that nobody has at the moment.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound")
}
