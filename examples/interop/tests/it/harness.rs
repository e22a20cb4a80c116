//! Services of four languages in front of each other, and calls to the first of them.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use interop::grpc::{connect_bare, rpc::echo_client::EchoClient};
use serde_json::{Value, json};
use xtask::{
    http::{self, url},
    otlp::Receiver,
    peers,
    stack::{Service, Stack},
};

/// What never takes as long.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What the environment of the tests could change: exporters, propagators, samplers, proxies.
pub(crate) const SURROUNDINGS: [&str; 11] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_PROPAGATORS",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_SAMPLER",
    "RUST_LOG",
    "HTTP_PROXY",
    "grpc_proxy",
    "http_proxy",
    "https_proxy",
];

/// Whose a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    Python,
    Node,
    Go,
}

/// How services talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

impl Protocol {
    const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
        }
    }

    /// What the programs are told with `--forward`.
    fn forward(self, address: SocketAddr) -> String {
        match self {
            Self::Grpc => address.to_string(),
            Self::Http => url(address, "/echo"),
        }
    }
}

impl Language {
    /// The peer to ask xtask for; ours needs none.
    const fn peer(self) -> Option<&'static str> {
        match self {
            Self::Rust => None,
            Self::Python => Some("python"),
            Self::Node => Some("node"),
            Self::Go => Some("go"),
        }
    }

    /// Its echo, or `None` when the test is to return early.
    pub(crate) fn service(self, protocol: Protocol) -> Option<Service> {
        let Some(peer) = self.peer() else {
            return Some(match protocol {
                Protocol::Grpc => Service::new("grpc-echo", env!("CARGO_BIN_EXE_grpc-echo")),
                Protocol::Http => Service::new("http-echo", env!("CARGO_BIN_EXE_http-echo")),
            });
        };
        let program: PathBuf = peers::require(peer)?;
        Some(Service::new(format!("{peer} {}", protocol.name()), program).arg(protocol.name()))
    }
}

/// Echo services, each in front of the next.
pub(crate) struct Chain {
    pub(crate) languages: Vec<Language>,
    pub(crate) protocol: Protocol,
    /// Where ours export their spans, unless they are left to themselves.
    pub(crate) receiver: Option<Receiver>,
    stack: Stack,
    first: SocketAddr,
}

impl Chain {
    /// Starts the services, or tells that a peer is missing. With a receiver ours record every
    /// span; without one they record none, and do as their caller does.
    pub(crate) async fn start(
        protocol: Protocol,
        languages: &[Language],
        receiver: Option<Receiver>,
    ) -> Option<Self> {
        let services: Option<Vec<_>> = languages.iter().map(|l| l.service(protocol)).collect();
        let mut stack = Stack::new();
        let mut next = None;
        for service in services?.into_iter().rev() {
            let mut service = SURROUNDINGS
                .into_iter()
                .fold(service, Service::without_env)
                .arg("--listen")
                .arg("127.0.0.1:0");
            if let Some(next) = next {
                service = service.arg("--forward").arg(protocol.forward(next));
            }
            if let Some(receiver) = &receiver {
                // The peers export nothing and do not read it.
                service = service
                    .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())
                    .env("OTEL_BSP_SCHEDULE_DELAY", "50");
            }
            next = Some(stack.start(service).await.unwrap().address());
        }
        Some(Self {
            languages: languages.to_vec(),
            protocol,
            receiver,
            stack,
            first: next.expect("a chain has a service"),
        })
    }

    /// Calls the first service and returns the answers of all, in order, each without the next.
    pub(crate) async fn call(&self, metadata: &[(&str, &str)]) -> Vec<Value> {
        let mut answer = match self.protocol {
            Protocol::Grpc => call_grpc(self.first, metadata).await,
            Protocol::Http => call_http(self.first, metadata).await,
        };
        let mut all = Vec::new();
        loop {
            let next = answer.as_object_mut().unwrap().remove("next");
            all.push(answer);
            match next {
                Some(next) => answer = next,
                None => break,
            }
        }
        assert_eq!(all.len(), self.languages.len(), "{all:#?}");
        all
    }

    /// Stops all, each of them in good order.
    pub(crate) async fn stop(self) {
        assert_eq!(self.stack.stop(xtask::stack::GRACE).await, []);
    }
}

async fn call_http(address: SocketAddr, metadata: &[(&str, &str)]) -> Value {
    let request = http::Request::post_json(url(address, "/echo"), &json!("hello"));
    let request = metadata.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().unwrap()
}

async fn call_grpc(address: SocketAddr, metadata: &[(&str, &str)]) -> Value {
    let channel = connect_bare(format!("http://{address}").parse().unwrap()).unwrap();
    let mut request = tonic::Request::new("hello".to_owned());
    request.set_timeout(LONG);
    for (name, value) in metadata {
        let name: tonic::metadata::AsciiMetadataKey = name.parse().unwrap();
        request.metadata_mut().append(name, value.parse().unwrap());
    }
    let answer = EchoClient::new(channel).call(request).await.unwrap();
    serde_json::from_str(answer.get_ref()).unwrap()
}
