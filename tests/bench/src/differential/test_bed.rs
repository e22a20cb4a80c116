//! A server behind a subject's layer, and who calls it.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, Uri};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};

use super::service::Test;
use super::subject::{Client, Subject, boxed};

/// What the service tells the test bed.
pub struct Shared {
    pub subject: Subject,
    /// A handler runs that will not answer.
    pub began: Notify,
    /// What the subject's client sent from inside the last `Relay`.
    pub relayed: Arc<Mutex<Option<HeaderMap>>>,
}

pub struct TestBed {
    pub subject: Subject,
    pub shared: Arc<Shared>,
    /// Without any layer.
    pub bare: Client,
    /// Behind the subject's client layer.
    pub layered: Client,
}

impl TestBed {
    pub async fn start(subject: Subject) -> Self {
        subject.set_up();
        let shared = Arc::new(Shared {
            subject,
            began: Notify::new(),
            relayed: Arc::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let routes = Routes::new(Test::<false>(Arc::clone(&shared)))
            .add_service(Test::<true>(Arc::clone(&shared)));
        subject.serve(listener, routes);
        let target = uri(address.port());
        Self {
            subject,
            bare: boxed(channel(&target)),
            layered: subject.client(channel(&target), &target),
            shared,
        }
    }

    /// The subject's client of a port where nobody listens.
    pub async fn refused(&self) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let address = listener.and_then(|listener| listener.local_addr());
        let target = uri(address.expect("there is a free port").port());
        self.subject.client(channel(&target), &target)
    }
}

fn uri(port: u16) -> Uri {
    let uri = format!("http://127.0.0.1:{port}").parse();
    uri.expect("an address and a port are a URI")
}

/// It connects at the first call.
fn channel(target: &Uri) -> Channel {
    Endpoint::from(target.clone()).connect_lazy()
}
