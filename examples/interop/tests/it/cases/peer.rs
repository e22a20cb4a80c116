//! A peer of another language: its server of the cases, and the calls that it makes for us.

use std::{net::SocketAddr, time::Duration};

use interop::grpc::rpc::cases_client::CasesClient;
use serde_json::{Value, json};
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};
use xtask::stack::{GRACE, Stack};

use super::traces::Trace;
use crate::harness::{LONG, Language, Protocol, SURROUNDINGS};

/// A process that runs until it is stopped.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    stack: Stack,
}

impl Peer {
    /// Starts it, with our server behind it; `None` when the test is to return early.
    pub(crate) async fn start(language: Language, behind: Option<SocketAddr>) -> Option<Self> {
        let forward = behind.map(|address| format!("--forward={address}"));
        Self::with(language, forward.as_slice()).await
    }

    /// Starts it with these arguments besides.
    pub(crate) async fn with(language: Language, args: &[String]) -> Option<Self> {
        let service = language.service(Protocol::Grpc)?;
        let service = SURROUNDINGS
            .into_iter()
            .fold(service, xtask::stack::Service::without_env)
            .arg("--listen=127.0.0.1:0");
        let service = args.iter().fold(service, |service, arg| service.arg(arg));
        let mut stack = Stack::new();
        let address = stack.start(service).await.unwrap().address();
        Some(Self { address, stack })
    }

    /// Its own clients, told by us over a connection without our layers.
    pub(crate) async fn driver(&self) -> Driver {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        Driver(CasesClient::new(endpoint.connect().await.unwrap()))
    }

    /// Ends it at once, whatever it is doing.
    pub(crate) async fn kill(self) {
        let [service] = self.stack.services() else {
            panic!("one process");
        };
        service.kill();
        service.wait().await;
        drop(self.stack);
    }

    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        // Where a call was left or reset under way, the peers' own servers take their time.
        assert_eq!(self.stack.stop(GRACE).await, []);
    }
}

/// Has calls made by a peer.
#[derive(Clone)]
pub(crate) struct Driver(CasesClient<Channel>);

impl Driver {
    /// Has calls made in the trace, and returns their codes and how many messages each got.
    pub(crate) async fn run(
        &mut self,
        trace: &Trace,
        order: Value,
    ) -> Result<Vec<(i64, i64)>, Status> {
        let mut request = Request::new(order.to_string());
        request.set_timeout(LONG + Duration::from_secs(60));
        let parent = trace.traceparent().parse().unwrap();
        request.metadata_mut().insert("traceparent", parent);
        let answer = self.0.run(request).await?.into_inner();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let numbers = |key: &str| -> Vec<i64> {
            let numbers = answer[key].as_array().unwrap().iter();
            numbers.map(|number| number.as_i64().unwrap()).collect()
        };
        Ok(numbers("codes")
            .into_iter()
            .zip(numbers("messages"))
            .collect())
    }

    /// Has one call made.
    pub(crate) async fn once(&mut self, trace: &Trace, method: &str, ask: Value) -> (i64, i64) {
        let order = json!({"method": method, "ask": ask});
        self.run(trace, order).await.unwrap()[0]
    }

    /// What the peer itself counted, by instrument.
    pub(crate) async fn sizes(&mut self) -> Value {
        let answer = self.0.sizes(String::new()).await.unwrap().into_inner();
        serde_json::from_str(&answer).unwrap()
    }
}
