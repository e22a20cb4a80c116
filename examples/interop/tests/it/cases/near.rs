//! Our server of the cases, in this process, with a layer around it, and our client.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use interop::grpc::rpc::{
    cases_client::CasesClient,
    cases_server::{Cases, CasesServer},
    echo_client::EchoClient,
};
use serde_json::Value;
use throughline_grpc::{Client, ClientLayer, Counted, Method, ServerLayer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Code, Request, Response, Status,
    codec::CompressionEncoding::Gzip,
    metadata::MetadataMap,
    transport::{Channel, Endpoint, Server},
};
use tower::ServiceBuilder;

use super::ledger;

/// The methods that both sides have labels for.
pub(crate) const UNARY: &str = "throughline.interop.v1.Cases/Unary";
pub(crate) const STREAM: &str = "throughline.interop.v1.Cases/Stream";

/// A channel inside our layer.
pub(crate) type Link = Client<Channel, Counted>;

/// What a handler saw of a call: its metadata, and when it began and ended.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) metadata: MetadataMap,
    pub(crate) begun: SystemTime,
    pub(crate) ended: Option<SystemTime>,
}

/// A server on this thread's runtime, where the test's recorder is.
#[derive(Clone, Debug)]
pub(crate) struct Near {
    pub(crate) address: SocketAddr,
    served: Arc<Mutex<Vec<Served>>>,
    passed_on: Arc<Mutex<Vec<String>>>,
}

impl Near {
    /// Serves inside the ledger's layer.
    pub(crate) async fn start() -> Self {
        Self::with(ledger::server(), false, None).await
    }

    /// Serves inside a layer, and compresses its answers; or passes unary calls on to an echo.
    pub(crate) async fn with(
        layer: ServerLayer<Counted>,
        gzip: bool,
        next: Option<EchoClient<Link>>,
    ) -> Self {
        Method::seed([UNARY, STREAM]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = Self {
            address: listener.local_addr().unwrap(),
            served: Arc::default(),
            passed_on: Arc::default(),
        };
        let handler = Handler {
            served: Arc::clone(&near.served),
            passed_on: Arc::clone(&near.passed_on),
            next,
        };
        let mut service = CasesServer::new(handler).accept_compressed(Gzip);
        if gzip {
            service = service.send_compressed(Gzip);
        }
        let serving = Server::builder()
            .layer(layer)
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        near
    }

    /// What its handler has seen so far, in order.
    pub(crate) fn served(&self) -> Vec<Served> {
        self.served.lock().unwrap().clone()
    }

    /// What was answered behind it, in order.
    pub(crate) fn passed_on(&self) -> Vec<String> {
        self.passed_on.lock().unwrap().clone()
    }
}

/// A connection to a peer inside a layer.
pub(crate) async fn link(peer: SocketAddr, layer: ClientLayer<Counted>) -> Link {
    Method::seed([UNARY, STREAM]);
    let endpoint = Endpoint::from_shared(format!("http://{peer}")).unwrap();
    ServiceBuilder::new()
        .layer(layer.target(endpoint.uri()))
        .service(endpoint.connect().await.unwrap())
}

/// A client of the cases over such a connection.
pub(crate) async fn client(peer: SocketAddr) -> CasesClient<Link> {
    CasesClient::new(link(peer, ledger::client()).await).accept_compressed(Gzip)
}

/// Does what the text asks for.
#[derive(Debug)]
struct Handler {
    served: Arc<Mutex<Vec<Served>>>,
    passed_on: Arc<Mutex<Vec<String>>>,
    next: Option<EchoClient<Link>>,
}

impl Handler {
    /// Notes that a call has come; the number is for its end.
    fn begin(&self, metadata: &MetadataMap) -> usize {
        let mut served = self.served.lock().unwrap();
        served.push(Served {
            metadata: metadata.clone(),
            begun: SystemTime::now(),
            ended: None,
        });
        served.len() - 1
    }
}

fn ask(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn message(ask: &Value) -> String {
    "x".repeat(ask["size"].as_u64().unwrap_or_default() as usize)
}

fn status(ask: &Value) -> Result<(), Status> {
    match ask["code"].as_i64().unwrap_or_default() {
        0 => Ok(()),
        code => Err(Status::new(Code::from_i32(code as i32), "as it was told")),
    }
}

#[tonic::async_trait]
impl Cases for Handler {
    type StreamStream = BoxStream<'static, Result<String, Status>>;

    async fn unary(&self, request: Request<String>) -> Result<Response<String>, Status> {
        let call = self.begin(request.metadata());
        if let Some(mut next) = self.next.clone() {
            let mut onward = Request::new(request.get_ref().clone());
            for value in request.metadata().get_all("x-multi") {
                onward.metadata_mut().append("x-multi", value.clone());
            }
            let answer = next.call(onward).await.inspect_err(|status| {
                self.passed_on.lock().unwrap().push(status.to_string());
            })?;
            self.passed_on
                .lock()
                .unwrap()
                .push(answer.get_ref().clone());
            return Ok(answer);
        }
        let ask = ask(request.get_ref());
        if ask["panic"] == true {
            // Without the hook, whose output would bury the test's.
            std::panic::resume_unwind(Box::new("scripted"));
        }
        if ask["wait"] == true {
            std::future::pending::<()>().await;
        }
        self.served.lock().unwrap()[call].ended = Some(SystemTime::now());
        status(&ask).map(|()| Response::new(message(&ask)))
    }

    async fn stream(
        &self,
        request: Request<String>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let call = self.begin(request.metadata());
        let ask = ask(request.get_ref());
        let count = ask["messages"].as_u64().unwrap_or_default() as usize;
        let messages = stream::iter(vec![Ok(message(&ask)); count]);
        if ask["wait"] == true {
            return Ok(Response::new(messages.chain(stream::pending()).boxed()));
        }
        let served = Arc::clone(&self.served);
        let end = stream::once(async move {
            served.lock().unwrap()[call].ended = Some(SystemTime::now());
            status(&ask).err()
        });
        let end = end.filter_map(async |status| status.map(Err));
        Ok(Response::new(messages.chain(end).boxed()))
    }

    async fn run(&self, _: Request<String>) -> Result<Response<String>, Status> {
        Err(Status::unimplemented("the tests call by themselves"))
    }

    async fn sizes(&self, _: Request<String>) -> Result<Response<String>, Status> {
        Err(Status::unimplemented("the tests read their own ledger"))
    }
}
