//! Many requests at once over real sockets, ending in every way there is: each is counted exactly
//! once, under what it was, and nothing stays in flight.
//!
//! `THROUGHLINE_SEED` repeats a run; `THROUGHLINE_CHAOS_REQUESTS` and `THROUGHLINE_CHAOS_CLIENTS`
//! change its size.

mod app;
mod cases;
mod client;
#[path = "../ledger/mod.rs"]
mod ledger;
#[path = "../scale/mod.rs"]
mod scale;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use app::{Waiting, app};
use cases::{CASES, Case, Client};
use client::Connection;
use ledger::Ledger;
use tokio::{net::TcpListener, task::JoinSet};

/// Nothing takes this long, however slow the machine is: it is there to fail instead of hanging.
const PATIENCE: Duration = Duration::from_secs(1_200);

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_counted_exactly_once() {
    tokio::time::timeout(PATIENCE, run())
        .await
        .expect("a client or the server hangs");
}

async fn run() {
    let requests = scale::count("THROUGHLINE_CHAOS_REQUESTS", 200_000) as u64;
    let clients = scale::count_always("THROUGHLINE_CHAOS_CLIENTS", 64) as u64;
    let mut rng = fastrand::Rng::with_seed(scale::seed());
    let ledger = Ledger::default();
    metrics::set_global_recorder(ledger.clone()).expect("this process has no other");
    let waiting = Waiting::default();
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let server = app(waiting.clone());
    tokio::spawn(async move { axum::serve(listener, server).await });

    let started = Instant::now();
    let mut running = JoinSet::new();
    for client in 0..clients {
        let numbers = client * requests / clients..(client + 1) * requests / clients;
        running.spawn(visit(address, waiting.clone(), rng.fork(), numbers));
    }
    let mut sent = vec![0; CASES.len()];
    while let Some(tally) = running.join_next().await {
        for (sum, own) in sent.iter_mut().zip(tally.expect("a client has failed")) {
            *sum += own;
        }
    }
    let took = started.elapsed();

    assert_eq!(sent.iter().sum::<u64>(), requests);
    let mut totals = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for (case, &sent) in CASES.iter().zip(&sent) {
        assert!(0 < sent, "too few requests for {case:?}");
        *totals.entry(case.series()).or_default() += sent;
        *samples
            .entry(format!("route={}", case.counted.0))
            .or_default() += sent;
    }
    let idle: BTreeMap<String, f64> = samples.keys().map(|route| (route.clone(), 0.0)).collect();
    // The server learns a little later that its clients have left.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let in_flight = ledger.gauges("chaos_requests_in_flight");
        let counted: u64 = ledger
            .samples("chaos_request_duration_seconds")
            .values()
            .sum();
        if in_flight == idle && requests <= counted {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(ledger.counters("chaos_requests_total"), totals);
    assert_eq!(ledger.samples("chaos_request_duration_seconds"), samples);
    assert_eq!(ledger.gauges("chaos_requests_in_flight"), idle);
    println!("{requests} requests of {clients} clients in {took:.1?}, each counted once:");
    for (series, sent) in totals {
        println!("{sent:>8} {series}");
    }
}

/// One client: a request after the other, on one connection for as long as it holds.
async fn visit(
    address: SocketAddr,
    waiting: Waiting,
    mut rng: fastrand::Rng,
    numbers: std::ops::Range<u64>,
) -> Vec<u64> {
    let mut tally = vec![0; CASES.len()];
    let mut kept = None;
    for n in numbers {
        let chosen = Case::choose(&mut rng);
        let case = &CASES[chosen];
        let connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(address).await.expect("the server listens"),
        };
        kept = ask(case, n, connection, &waiting).await;
        tally[chosen] += 1;
    }
    tally
}

/// Makes the case's request, and checks what the client sees. Gives back the connection if it is
/// still good; dropped, it is closed.
async fn ask(case: &Case, n: u64, mut to: Connection, waiting: &Waiting) -> Option<Connection> {
    let begun = waiting_for(case, n, waiting);
    to.send(&case.request(n)).await.expect("the server reads");
    match case.client {
        Client::Reads(status, length) => {
            let head = to.head().await.expect("the server answers");
            assert_eq!(head.status, status, "{case:?}");
            let has_body = case.method != "HEAD" && status != 304;
            if has_body {
                let body = to.body(&head).await.expect("the body is whole");
                assert_eq!(body.len(), length, "{case:?}");
            }
            return Some(to);
        }
        Client::SeesNothing => {
            let error = to.head().await.expect_err("the server panics");
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{case:?}");
        }
        Client::SeesItBreakOff => {
            // The head is sent with the first chunks, or not at all: the server may break earlier
            // than it writes.
            let broken = match to.head().await {
                Ok(head) => to.body(&head).await.expect_err("the body breaks off"),
                Err(error) => error,
            };
            assert_eq!(broken.kind(), ErrorKind::UnexpectedEof, "{case:?}");
        }
        Client::LeavesBeforeTheHead | Client::LeavesWithinItsBody => {
            begun.expect("it waits").await.expect("the handler begins");
        }
        Client::LeavesWithinTheBody => {
            let head = to.head().await.expect("the server answers");
            assert_eq!(head.status, 200, "{case:?}");
            assert_eq!(to.chunk().await.expect("it has begun"), b"chunk");
        }
        Client::Upgrades => {
            let head = to.head().await.expect("the server answers");
            assert_eq!(head.status, 101, "{case:?}");
            to.send(b"hello").await.expect("the server reads");
            assert_eq!(to.take(5).await.expect("it answers"), b"HELLO");
        }
    }
    None
}

fn waiting_for(
    case: &Case,
    n: u64,
    waiting: &Waiting,
) -> Option<tokio::sync::oneshot::Receiver<()>> {
    let leaves = matches!(
        case.client,
        Client::LeavesBeforeTheHead | Client::LeavesWithinItsBody
    );
    leaves.then(|| waiting.for_request(n))
}
