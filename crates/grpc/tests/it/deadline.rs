//! A deadline that has passed, told apart from a caller that went away.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use futures_util::{FutureExt, future::join_all};
use http::{Request, Response};
use throughline_grpc::{Method, ServerLayer};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tower::{Layer, Service, ServiceExt, timeout::TimeoutLayer};

use crate::{
    echo::{Echo, EchoClient, UNARY},
    ledger::{Ledger, client, server},
    script::{Messages, Step, answering, call, doing, stream},
    traces::{Trace, attributes},
};

const METHOD: &str = "deadline.Deadline/Wait";

fn within(timeout: &str) -> Request<String> {
    Method::seed([METHOD]);
    let mut request = call("/deadline.Deadline/Wait");
    let timeout = timeout.parse().unwrap();
    request.headers_mut().insert("grpc-timeout", timeout);
    request
}

#[tokio::test]
async fn a_deadline_that_a_timer_further_out_enforces_is_one_in_every_run() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let never = doing(pending::<Result<Response<Messages>, Infallible>>);
    // As tonic's server stands around its layers.
    let timer = TimeoutLayer::new(Duration::from_millis(20));
    let served = timer.layer(server().layer(never.clone()));
    let called = timer.layer(client().layer(never));
    let runs = (0..200).map(|_| {
        let served = served.clone().oneshot(within("20m")).map(drop);
        let called = called.clone().oneshot(within("20m")).map(drop);
        served.then(|()| called)
    });
    join_all(runs).await;
    let ended = (METHOD, "DEADLINE_EXCEEDED", "cancelled");
    ledger.assert_all("server", &[ended; 200]);
    ledger.assert_all("client", &[ended; 200]);
}

#[tokio::test]
async fn a_client_that_leaves_long_before_its_deadline_has_cancelled() {
    for frames in [false, true] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let mut service = server().layer(answering(|_| stream(&[Step::Data, Step::Wait])));
        let future = service.call(within("1H"));
        if frames {
            drop(future.await.unwrap());
        } else {
            drop(future);
        }
        ledger.assert_one("server", METHOD, "CANCELLED", "cancelled");
    }
}

#[tokio::test]
async fn a_deadline_that_passes_in_the_middle_of_a_stream_is_one_too() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = server().layer(answering(|_| stream(&[Step::Data, Step::Wait])));
    // With the slack it has passed from the start.
    drop(service.call(within("5m")).await.unwrap());
    ledger.assert_one("server", METHOD, "DEADLINE_EXCEEDED", "cancelled");
}

#[tokio::test]
async fn a_servers_own_timer_ends_with_the_head_and_a_callers_does_not() {
    Method::seed([METHOD]);
    // With the slack it has passed from the start.
    let layer = server().timeout(Duration::from_millis(5));
    let mut service = layer.layer(answering(|_| stream(&[Step::Data, Step::Wait])));
    for (request, code) in [
        (call("/deadline.Deadline/Wait"), "CANCELLED"),
        (within("1H"), "CANCELLED"),
        (within("5m"), "DEADLINE_EXCEEDED"),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        drop(service.call(request).await.unwrap());
        ledger.assert_one("server", METHOD, code, "cancelled");
    }
}

#[tokio::test]
async fn a_reset_by_a_server_whose_timer_was_first_is_one_too() {
    for (timeout, code) in [("1m", "DEADLINE_EXCEEDED"), ("1H", "CANCELLED")] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let reset = tower::service_fn(async |_: Request<String>| {
            Err::<Response<Messages>, _>(h2::Error::from(h2::Reason::CANCEL))
        });
        let mut service = client().layer(reset);
        drop(service.call(within(timeout)).await.unwrap_err());
        ledger.assert_one("client", METHOD, code, "failed");
    }
}

#[tokio::test]
async fn what_is_no_deadline_is_none() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = server().layer(answering(|_| stream(&[Step::Wait])));
    for timeout in ["", "5", "5x", "999999999n"] {
        drop(service.call(within(timeout)).await.unwrap());
    }
    ledger.assert_all("server", &[(METHOD, "CANCELLED", "cancelled"); 4]);
}

#[tokio::test]
async fn a_time_out_of_tonics_server_is_a_deadline_if_the_layer_is_told() {
    Method::seed([UNARY]);
    let timeout = Duration::from_millis(20);
    for (layer, code) in [
        (server(), "CANCELLED"),
        (server().timeout(timeout), "DEADLINE_EXCEEDED"),
    ] {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = Server::builder()
            .timeout(timeout)
            .layer(layer)
            .add_service(Echo::default())
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();
        let mut client = EchoClient::new(channel);
        client.unary("wait").await.unwrap_err();
        ledger.assert_one("server", UNARY, code, "cancelled");
    }
}

#[tokio::test]
async fn a_channels_own_timer_is_a_deadline() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    // Takes connections, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let channel = Endpoint::from_shared(url).unwrap().connect_lazy();
    let mut client = EchoClient::new(client().layer(channel));
    let timeout = Duration::from_millis(20);
    client.unary_within(timeout, "hello").await.unwrap_err();
    ledger.assert_one("client", UNARY, "DEADLINE_EXCEEDED", "failed");
}

#[tokio::test]
async fn the_span_shows_what_it_was_inferred_from() {
    let trace = Trace::new();
    let mut service = ServerLayer::new()
        .trace()
        .layer(answering(|_| stream(&[Step::Wait])));
    let mut request = within("7m");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    drop(service.call(request).await.unwrap());
    let attributes = attributes(&trace.span());
    let has = |start: &str| attributes.iter().any(|a| a.starts_with(start));
    assert!(
        has("throughline.rpc.deadline_seconds=0.007"),
        "{attributes:?}"
    );
    assert!(has("throughline.rpc.elapsed_seconds="), "{attributes:?}");
    assert!(has("error.type=DEADLINE_EXCEEDED"), "{attributes:?}");
}
