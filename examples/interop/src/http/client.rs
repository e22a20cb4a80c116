//! The client of both services: hyper's, inside our layers.

use std::{error::Error, fmt, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use throughline_correlation::{ForwardIds, ForwardIdsLayer};
use throughline_http::ClientLayer;
use tower::{ServiceBuilder, ServiceExt};

/// How long a call may take, its answer included.
const LIMIT: Duration = Duration::from_secs(10);

/// How many bytes of an answer are taken.
const MAX_ANSWER: usize = 1 << 20;

/// Calls others over HTTP/1.1: each call has a client span, and takes trace and ids along.
#[derive(Clone, Debug)]
pub struct Caller {
    stack: ForwardIds<throughline_http::Client<Client<HttpConnector, Full<Bytes>>>>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub struct CallError {
    url: Uri,
    why: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, why } = self;
        write!(f, "POST {url}: {why}")?;
        let mut source = why.source();
        while let Some(why) = source {
            write!(f, ": {why}")?;
            source = why.source();
        }
        Ok(())
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.why.as_ref())
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::new()
    }
}

impl Caller {
    /// A caller without a connection yet.
    #[must_use]
    pub fn new() -> Self {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let stack = ServiceBuilder::new()
            .layer(ForwardIdsLayer::new())
            .layer(ClientLayer::new().trace())
            .service(client);
        Self { stack }
    }

    /// `POST url` with a body of JSON; the answer's status and body.
    ///
    /// # Errors
    /// If nobody answers, or the answer breaks off, is above 1 MiB or takes longer than 10 seconds.
    pub async fn post(&self, url: Uri, body: Bytes) -> Result<(StatusCode, Bytes), CallError> {
        let exchange = async {
            let request = Request::builder()
                .method(Method::POST)
                .uri(url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::new(body))?;
            let response = self.stack.clone().oneshot(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER);
            Ok::<_, Box<dyn Error + Send + Sync>>((status, body.collect().await?.to_bytes()))
        };
        let result = match tokio::time::timeout(LIMIT, exchange).await {
            Ok(result) => result,
            Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs()).into()),
        };
        result.map_err(|why| CallError { url, why })
    }
}
