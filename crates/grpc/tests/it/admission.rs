//! Limits inside of the layer are seen, those of tonic's builder are not.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use http::{Request, Response};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use throughline_catalog::catalog;
use throughline_grpc::{ArrivalLayer, Method, QueueTimeLayer};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::{
    echo::{Echo, EchoClient, UNARY},
    ledger::{Ledger, server},
    script::{Messages, call, doing, head_only, read_all},
};

catalog! { mod queue, budget 10_000;
    /// Time that calls wait.
    histogram queue_wait_seconds { method: Method } buckets [1.0];
}

const METHOD: &str = "queue.Queue/Wait";

#[test]
fn p16_what_a_limit_inside_refuses_is_a_call_that_ended() {
    Method::seed([METHOD]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut service = ServiceBuilder::new()
        .layer(server())
        .load_shed()
        .concurrency_limit(1)
        .service(doing(pending::<Result<Response<Messages>, Infallible>>));
    let mut answers = Vec::new();
    for _ in 0..3 {
        let future = service.ready().now_or_never().unwrap().unwrap();
        answers.push(Box::pin(future.call(call("/queue.Queue/Wait"))));
    }
    let refused = answers
        .iter_mut()
        .map(|answer| answer.now_or_never().is_some());
    assert_eq!(refused.collect::<Vec<_>>(), [false, true, true]);
    drop(answers);
    ledger.assert_all(
        "server",
        &[
            (METHOD, "RESOURCE_EXHAUSTED", "failed"),
            (METHOD, "RESOURCE_EXHAUSTED", "failed"),
            (METHOD, "CANCELLED", "cancelled"),
        ],
    );
}

#[tokio::test]
async fn p16_what_tonics_builder_refuses_is_not_seen() {
    Method::seed([UNARY]);
    let ledger = Ledger::new();
    let _open = ledger.open();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (echo, is_gone) = Echo::new();
    let serving = Server::builder()
        .concurrency_limit_per_connection(1)
        .load_shed(true)
        .layer(server())
        .add_service(echo)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();
    let mut client = EchoClient::new(channel);
    {
        let mut first = client.clone();
        let mut waiting = pin!(first.unary("wait"));
        while ledger.read().get("rpc_server_calls_in_flight{}") != Some(&1.0) {
            assert!(waiting.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        let status = client.unary("hello").await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    }
    is_gone.await.unwrap();
    ledger.assert_one("server", UNARY, "CANCELLED", "cancelled");
}

#[tokio::test]
async fn who_waits_for_a_turn_is_seen_to_have_waited() {
    Method::seed([METHOD]);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _open = metrics::set_default_local_recorder(&recorder);
    let (finish, finished) = oneshot::channel::<()>();
    let finished = Arc::new(Mutex::new(Some(finished)));
    let inner = tower::service_fn(move |_: Request<String>| {
        let first = finished.lock().unwrap().take();
        async move {
            if let Some(finished) = first {
                let _ = finished.await;
            }
            Ok::<_, Infallible>(head_only("0"))
        }
    });
    let mut service = ServiceBuilder::new()
        .layer(ArrivalLayer::new())
        .concurrency_limit(1)
        .layer(QueueTimeLayer::new(queue::queue_wait_seconds))
        .service(inner);
    let mut first = Box::pin(
        service
            .ready()
            .await
            .unwrap()
            .call(call("/queue.Queue/Wait")),
    );
    assert!(first.as_mut().now_or_never().is_none());
    // The second is not taken before the first has gone.
    let mut second = Box::pin(service.clone().oneshot(call("/queue.Queue/Wait")));
    assert!(second.as_mut().now_or_never().is_none());
    let waited_at_least = {
        let begun = std::time::Instant::now();
        // Something to wait for that takes a while on any machine.
        let mut sum = 0_u64;
        for n in 0..200_000_u64 {
            sum = std::hint::black_box(sum.wrapping_add(n));
        }
        begun.elapsed()
    };
    finish.send(()).unwrap();
    drop(first.await.unwrap());
    read_all(second.await.unwrap().into_body()).await;

    let mut waits: Vec<f64> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "queue_wait_seconds")
        .flat_map(|(_, _, _, value)| match value {
            DebugValue::Histogram(samples) => samples,
            other => panic!("{other:?}"),
        })
        .map(f64::from)
        .collect();
    waits.sort_by(f64::total_cmp);
    let [_, second] = waits[..] else {
        panic!("two waited: {waits:?}");
    };
    assert!(waited_at_least.as_secs_f64() <= second, "{waits:?}");
}

#[tokio::test]
async fn without_an_arrival_there_is_no_wait() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = QueueTimeLayer::new(queue::queue_wait_seconds);
    let service = layer.layer(tower::service_fn(|_: Request<String>| {
        ready(Ok::<_, Infallible>(head_only("0")))
    }));
    drop(service.oneshot(call("/queue.Queue/Wait")).await.unwrap());
    assert_eq!(ledger.read(), [].into());
}
