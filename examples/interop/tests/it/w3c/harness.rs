//! Sends what no client would send, and takes the calls that come of it.

use std::{net::SocketAddr, sync::Arc};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinHandle,
};
use xtask::{
    http::{raw, split},
    stack::{GRACE, Service, Stack},
};

use crate::{
    harness::{LONG, SURROUNDINGS},
    hops::Parent,
};

pub(super) const TRACE: &str = "12345678901234567890123456789012";
pub(super) const SPAN: &str = "1234567890123456";

/// The service, and somebody for it to call.
pub(super) struct Harness {
    stack: Stack,
    service: SocketAddr,
    far_end: FarEnd,
}

/// Answers every call and keeps its headers and body.
struct FarEnd {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    server: JoinHandle<()>,
}

/// A call as it came over the socket.
#[derive(Clone, Debug)]
pub(super) struct Call {
    path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Harness {
    pub(super) async fn start() -> Self {
        let mut stack = Stack::new();
        let service = Service::new("w3c-service", env!("CARGO_BIN_EXE_w3c-service"));
        let service = SURROUNDINGS
            .into_iter()
            .fold(service, Service::without_env)
            .arg("--listen")
            .arg("127.0.0.1:0");
        let service = stack.start(service).await.unwrap().address();
        Self {
            stack,
            service,
            far_end: FarEnd::start().await,
        }
    }

    /// Sends these headers as they are and returns the one call that the service makes.
    pub(super) async fn call(&self, headers: &[(&str, &str)]) -> Call {
        self.calls(headers, 1).await.remove(0)
    }

    /// Sends these headers and asks for `count` calls.
    pub(super) async fn calls(&self, headers: &[(&str, &str)], count: usize) -> Vec<Call> {
        let url = |n: usize| format!("http://{}/{n}", self.far_end.address);
        let body = (0..count).map(|n| json!({"url": url(n), "arguments": [n]}));
        let status = self.send(headers, &Value::from_iter(body)).await;
        assert_eq!(status, 200, "{headers:?}");
        // Whatever has not been called by now never is: the answer comes after all calls.
        let calls = std::mem::take(&mut *self.far_end.calls.lock().await);
        let paths: Vec<&str> = calls.iter().map(|call| call.path.as_str()).collect();
        let expected: Vec<String> = (0..count).map(|n| format!("/{n}")).collect();
        assert_eq!(paths, expected, "all of them, in order");
        calls
    }

    /// Sends a request byte for byte and returns the answer's status.
    pub(super) async fn send(&self, headers: &[(&str, &str)], body: &Value) -> u16 {
        let body = body.to_string();
        let mut request = format!(
            "POST /test HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n",
            self.service,
            body.len()
        );
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += "\r\n";
        request += &body;
        let answer = raw(self.service, request.as_bytes(), LONG).await.unwrap();
        split(&answer).unwrap().0
    }

    pub(super) async fn stop(self) {
        self.far_end.server.abort();
        assert_eq!(self.stack.stop(GRACE).await, []);
    }
}

impl Call {
    fn values(&self, name: &str) -> Vec<&str> {
        let named = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The one `traceparent` that every call has.
    #[track_caller]
    pub(super) fn parent(&self) -> Parent {
        match self.values("traceparent").as_slice() {
            [one] => Parent::read(one),
            other => panic!("one traceparent, not {other:?}"),
        }
    }

    /// The `tracestate`, of which a call has at most one.
    #[track_caller]
    pub(super) fn state(&self) -> Option<&str> {
        match self.values("tracestate").as_slice() {
            [] => None,
            [one] => Some(one),
            more => panic!("one tracestate, not {more:?}"),
        }
    }
}

impl FarEnd {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&calls);
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("the listener lives");
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Self {
            address,
            calls,
            server,
        }
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Takes calls on a connection until the caller closes it.
async fn serve(mut stream: TcpStream, calls: Arc<Mutex<Vec<Call>>>) {
    let mut bytes = Vec::new();
    while let Some(call) = read(&mut stream, &mut bytes).await {
        calls.lock().await.push(call);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// Reads one request with a `content-length`, header by header as it was written.
async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Call> {
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).expect("what we send is ASCII");
    let mut lines = head.split("\r\n");
    let path = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .expect("a request line");
    let header = |line: &str| {
        let (name, value) = line.split_once(':').expect("a header has a colon");
        (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())
    };
    let mut call = Call {
        path: path.to_owned(),
        headers: lines.map(header).collect(),
        body: Value::Null,
    };
    let length: usize = call.values("content-length")[0].parse().expect("a number");
    bytes.drain(..end + 4);
    while bytes.len() < length {
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body: Vec<u8> = bytes.drain(..length).collect();
    call.body = serde_json::from_slice(&body).expect("arguments are JSON");
    Some(call)
}
