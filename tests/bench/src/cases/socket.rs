//! A server behind a real socket: one connection over loopback that is kept alive.
//!
//! The server has the measured thread to itself; a thread beside it sends one request after the
//! other, and the next one only when it has read the whole answer.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use axum_prometheus::BaseMetricLayer;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::layer::util::Identity;

use super::http::{metrics_layer, traceparent};
use super::{Bar, Group, REQUESTS, base, group, identity, ours, peer};
use crate::run::Measured;
use crate::telemetry as t;
use crate::workload::{Settle, Workload, nothing};

const BAR: Bar = Bar {
    allocations: None,
    instructions: Some(3_000.0),
    cpu: None,
};

/// Requests a batch where each takes a millisecond.
const WORKED: usize = 8;

/// Rounds of the worker's loop: about a millisecond on a processor of 2026.
const ROUNDS: u64 = 650_000;

pub(super) fn groups() -> Vec<Group> {
    let cases = vec![
        base("socket/bare", "hello world", || {
            serve(app(), "/", nothing())
        }),
        identity(
            "socket/identity",
            "identity layer: axum's own price",
            || serve(app().layer(Identity::new()), "/", nothing()),
        ),
        ours(
            "socket/throughline",
            "throughline `ServerLayer`: total, duration, in_flight; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                serve(app().layer(metrics_layer()), "/", settle)
            },
        )
        .bar(BAR),
        peer(
            "socket/axum-prometheus",
            "axum-prometheus: total, duration, pending; exporter-prometheus",
            || {
                let settle = t::prometheus_recorder();
                serve(app().layer(BaseMetricLayer::new()), "/", settle)
            },
        ),
    ];
    let work = vec![
        base(
            "socket-work/bare",
            "a handler with about 1 ms of work",
            || serve(app(), "/work", nothing()),
        ),
        ours(
            "socket-work/throughline",
            "the same, with our layer",
            || {
                let settle = t::prometheus_recorder();
                serve(app().layer(metrics_layer()), "/work", settle)
            },
        ),
    ];
    let socket = group(
        "socket",
        "Behind a socket: hello world on one HTTP/1.1 connection over loopback",
        "request",
        REQUESTS,
        cases,
    );
    let mut work = group(
        "socket-work",
        "Behind a socket: a handler with work to do",
        "request",
        WORKED,
        work,
    );
    work.conclusion = Some(conclusion);
    vec![socket, work]
}

fn app() -> Router {
    Router::new()
        .route("/", get(|| async { "Hello, world!" }))
        .route("/work", get(|| async { work() }))
}

fn work() -> &'static str {
    let mut x = black_box(1_u64);
    for _ in 0..ROUNDS {
        x = (x ^ (x >> 29))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(7);
    }
    black_box(x);
    "done"
}

struct Socket {
    runtime: Runtime,
    /// How many requests the client shall send.
    send: mpsc::Sender<usize>,
    sent: UnboundedReceiver<()>,
    pending: usize,
    settle: Settle,
}

fn serve(app: Router, path: &'static str, settle: Settle) -> Box<dyn Workload> {
    let runtime = Builder::new_current_thread().enable_io().build();
    let runtime = runtime.expect("there is a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("it is a socket"));
    runtime.spawn(async move { axum::serve(listener, app).await });
    let (send, orders) = mpsc::channel();
    let (told, sent) = unbounded_channel();
    thread::spawn(move || {
        let mut client = Client::connect(address, path);
        for n in orders {
            (0..n).for_each(|_| client.get());
            if told.send(()).is_err() {
                break;
            }
        }
    });
    Box::new(Socket {
        runtime,
        send,
        sent,
        pending: 0,
        settle,
    })
}

impl Workload for Socket {
    fn prepare(&mut self, n: usize) {
        self.pending += n;
    }

    fn run(&mut self) {
        let n = std::mem::take(&mut self.pending);
        self.send.send(n).expect("the client runs");
        let sent = self.runtime.block_on(self.sent.recv());
        sent.expect("the client runs");
    }

    fn settle(&self) {
        (self.settle)();
    }

    fn fork(&self) -> Box<dyn Workload + Send> {
        unreachable!("a connection is not shared by threads")
    }
}

struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("it is a socket");
        let traceparent = traceparent(1);
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: throughline-bench/0\r\n\
             accept: */*\r\ntraceparent: {traceparent}\r\n\r\n"
        );
        Self {
            stream,
            request: request.into_bytes(),
            answer: Vec::new(),
        }
    }

    fn get(&mut self) {
        let Self {
            stream,
            request,
            answer,
        } = self;
        stream.write_all(request).expect("the server reads");
        answer.clear();
        let mut part = [0; 1024];
        while !is_whole(answer) {
            let n = stream.read(&mut part).expect("the server answers");
            assert_ne!(n, 0, "the server went away");
            answer.extend_from_slice(&part[..n]);
        }
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = std::str::from_utf8(answer).expect("the answer is text");
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.expect("the answer has a length").parse::<usize>();
    body.len() == length.expect("a length is a number")
}

/// What the tables mean for a service.
fn conclusion(measured: &Measured) -> String {
    let (bare, ours) = ("socket/bare", "socket/throughline");
    let (work, work_ours) = ("socket-work/bare", "socket-work/throughline");
    let mut said = Vec::new();
    for (how, own, base) in [
        ("over the socket, kernel included", ours, bare),
        ("in process", "http/throughline", "http/bare"),
    ] {
        let added = measured.added_cpu(own, base);
        if let Some((added, [low, high])) = added.zip(measured.added_cpu_range(own, base)) {
            let length = added * 100.0 / 1_000.0;
            said.push(format!(
                "**The request of which our layer is 1 %**, {how}: {length:.0} µs of CPU. The layer \
                 adds {added:.0} ns to the server thread's CPU time, the median of the rounds' \
                 differences, half of which lie between {low:.0} and {high:.0}; times 100. Goal: at \
                 most 40 µs{}.",
                missed(length > 40.0)
            ));
        }
    }
    let instructions = measured.instructions(work_ours);
    if let Some((own, of)) = instructions.zip(measured.instructions(work)) {
        let share = (own - of) / own * 100.0;
        said.push(format!(
            "**Our share of a request with about 1 ms of work, by instructions**: {share:.3} %, \
             {:+.0} of {own:.0} under callgrind, the work being the same. Goal: under 0.1 %{}.",
            own - of,
            missed(share >= 0.1)
        ));
    }
    let added = measured.added_cpu("http/throughline", "http/bare");
    let added = added.or_else(|| measured.added_cpu(ours, bare));
    if let Some((added, cpu)) = added.zip(measured.cpu(work)) {
        let share = added / (cpu + added) * 100.0;
        said.push(format!(
            "**The same, by time**: {share:.3} %, {added:.0} ns beside {cpu:.0} ns of CPU. What is \
             added is taken from the requests without work, because so small a difference drowns \
             in the noise of the work. Goal: under 0.1 %{}.",
            missed(share >= 0.1)
        ));
    }
    said.iter().map(|line| format!("* {line}\n")).collect()
}

const fn missed(missed: bool) -> &'static str {
    if missed { " (**missed**)" } else { "" }
}
