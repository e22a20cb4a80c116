//! An OTLP/gRPC trace receiver on loopback that keeps what it gets.

mod span;

pub use span::{Event, Kind, Link, Span, Status};

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tonic::transport::server::TcpIncoming;

use crate::error::{Context, Result};

/// More spans than this are refused, and the sender is told.
const MAX_SPANS: usize = 500_000;

/// The largest message that is taken, in bytes.
const MAX_MESSAGE: usize = 64 << 20;

/// Receives spans for as long as it lives.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    store: Arc<Store>,
    server: AbortHandle,
}

#[derive(Debug, Default)]
struct Store {
    spans: Mutex<Vec<Span>>,
    grown: Notify,
}

impl Receiver {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context(|| "the OTLP receiver cannot listen on 127.0.0.1")?;
        let address = listener
            .local_addr()
            .context(|| "the OTLP receiver has no address")?;
        let store = Arc::new(Store::default());
        let service = TraceServiceServer::new(Inbox(Arc::clone(&store)))
            .max_decoding_message_size(MAX_MESSAGE);
        let server = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpIncoming::from(listener));
        let server = tokio::spawn(async move {
            if let Err(error) = server.await {
                eprintln!("the OTLP receiver failed: {error}");
            }
        });
        Ok(Self {
            address,
            store,
            server: server.abort_handle(),
        })
    }

    /// What to give to an exporter as its endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans so far, in the order in which they came.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.store
            .spans
            .lock()
            .expect("no holder of the lock panics")
            .clone()
    }

    /// The spans of one trace so far.
    #[must_use]
    pub fn trace(&self, id: &str) -> Vec<Span> {
        let spans = self
            .store
            .spans
            .lock()
            .expect("no holder of the lock panics");
        spans
            .iter()
            .filter(|span| span.trace_id == id)
            .cloned()
            .collect()
    }

    /// Waits until `enough` holds of the spans received, at most `within`. Says whether it does.
    pub async fn wait_until(
        &self,
        within: Duration,
        mut enough: impl FnMut(&[Span]) -> bool,
    ) -> bool {
        let deadline = tokio::time::Instant::now() + within;
        let mut look = || {
            enough(
                &self
                    .store
                    .spans
                    .lock()
                    .expect("no holder of the lock panics"),
            )
        };
        loop {
            let mut grown = std::pin::pin!(self.store.grown.notified());
            // Registered before the look, so that spans between look and wait are not missed.
            grown.as_mut().enable();
            if look() {
                return true;
            }
            if tokio::time::timeout_at(deadline, grown).await.is_err() {
                return look();
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Inbox(Arc<Store>);

#[tonic::async_trait]
impl TraceService for Inbox {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let came = span::read(request.into_inner());
        let total = came.len();
        let mut spans = self.0.spans.lock().expect("no holder of the lock panics");
        let room = MAX_SPANS.saturating_sub(spans.len());
        spans.extend(came.into_iter().take(room));
        drop(spans);
        self.0.grown.notify_waiters();
        let partial_success = (total > room).then(|| ExportTracePartialSuccess {
            rejected_spans: i64::try_from(total - room).unwrap_or(i64::MAX),
            error_message: format!("this receiver keeps {MAX_SPANS} spans"),
        });
        Ok(tonic::Response::new(ExportTraceServiceResponse {
            partial_success,
        }))
    }
}

#[cfg(test)]
mod tests;
