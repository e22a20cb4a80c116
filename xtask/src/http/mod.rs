//! Small HTTP/1.1 calls for tests: one connection a call, nothing followed, nothing added.

mod raw;
mod sse;

pub use raw::{raw, split};
pub use sse::events;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::error::{Context, Error, Result};

/// How long a call may take when nothing else is said.
const LIMIT: Duration = Duration::from_secs(30);

/// A request to be made. Headers are sent as given, in order.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
    limit: Duration,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// A request of any method.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            limit: LIMIT,
        }
    }

    /// `GET url`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// `POST url` with a JSON body.
    pub fn post_json(url: impl Into<String>, body: &serde_json::Value) -> Self {
        let mut request = Self::new(Method::POST, url).header("content-type", "application/json");
        request.body = Bytes::from(body.to_string());
        request
    }

    /// Adds a header. Its value may have any byte that HTTP allows, also above 127.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets how long the whole call may take; 30 seconds unless told.
    #[must_use]
    pub const fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Makes the call and reads the answer to its end.
    ///
    /// # Errors
    /// If a name or value is not a header, nobody listens, the connection fails, or the time is up.
    pub async fn send(self) -> Result<Response> {
        let limit = self.limit;
        let what = format!("{} {}", self.method, self.url);
        let call = async {
            let (parts, body) = open(self).await?.into_parts();
            let body = body
                .collect()
                .await
                .context(|| "the body broke off")?
                .to_bytes();
            Ok::<_, Error>(Response {
                status: parts.status,
                headers: parts.headers,
                body,
            })
        };
        match tokio::time::timeout(limit, call).await {
            Ok(done) => done.context(|| what),
            Err(_) => Err(Error::new(format!(
                "{what}: no answer within {} s",
                limit.as_secs_f32()
            ))),
        }
    }
}

impl Response {
    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// If it is not.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).context(|| format!("not JSON: {:?}", self.text()))
    }

    /// The one value of a header as text; `None` if it is absent, repeated or not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            None
        } else {
            value.to_str().ok()
        }
    }
}

/// Sends the request and returns at the response's head.
async fn open(request: Request) -> Result<http::Response<Incoming>> {
    let uri: Uri = request.url.parse().context(|| "not a URL")?;
    let authority = uri
        .authority()
        .ok_or_else(|| Error::new("the URL has no host"))?
        .clone();
    let path = uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let mut head = http::Request::builder().method(request.method).uri(path);
    let headers = head
        .headers_mut()
        .ok_or_else(|| Error::new("not a request"))?;
    let host = HeaderValue::from_str(authority.as_str()).context(|| "not a host")?;
    headers.insert(http::header::HOST, host);
    for (name, value) in request.headers {
        let name = HeaderName::try_from(&name).context(|| format!("not a header: {name:?}"))?;
        let value = HeaderValue::try_from(value).context(|| format!("{name} cannot be sent so"))?;
        headers.append(name, value);
    }
    let head = head
        .body(Full::new(request.body))
        .context(|| "not a request")?;

    let stream = TcpStream::connect(authority.as_str())
        .await
        .context(|| "cannot connect")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .context(|| "no HTTP there")?;
    // It ends when the response has been read or dropped.
    tokio::spawn(connection);
    sender
        .send_request(head)
        .await
        .context(|| "the call failed")
}

/// `http://ADDR` and a path.
#[must_use]
pub fn url(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}

#[cfg(test)]
mod tests;
