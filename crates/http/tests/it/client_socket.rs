//! The client layer around real clients, over real sockets.

use std::net::SocketAddr;

use axum::{Router, routing};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use opentelemetry::trace::{SpanKind, Status};
use throughline_http::ServerLayer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tower::{Layer, Service, ServiceExt};

use crate::{
    client::{assert_one, client_layer, scope},
    ledger::Ledger,
    traces::{Trace, attributes},
};

type Hyper = HyperClient<HttpConnector, Empty<Bytes>>;

fn hyper() -> Hyper {
    HyperClient::builder(TokioExecutor::new()).build_http()
}

/// Serves `app` on this thread, where the test's recorder is.
async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A server that sends `answer` and hangs up.
async fn hang_up_after(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
        }
        stream.write_all(answer).await.unwrap();
    });
    address
}

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

fn to<B: Default>(address: SocketAddr, path: &str) -> Request<B> {
    let request = Request::get(format!("http://{address}{path}"));
    request.body(B::default()).unwrap()
}

/// Calls a real server: its span is the child of the client's.
async fn check_that_the_trace_goes_on<S, B, R>(client: S)
where
    S: Service<Request<B>, Response = Response<R>, Error: std::fmt::Debug + 'static>,
    B: Default,
    R: Body<Data = Bytes, Error: std::fmt::Debug + 'static>,
{
    let (ledger, trace) = (Ledger::new(), Trace::new());
    let _open = ledger.open();
    let app = Router::new()
        .route("/items/{id}", routing::get(|| async { "an item" }))
        .layer(ServerLayer::new().trace());
    let address = serve(app).await;
    let calling = async {
        let mut request = to::<B>(address, "/items/7?token=hunter2");
        let stale = "00-11111111111111111111111111111111-2222222222222222-01";
        request
            .headers_mut()
            .insert("traceparent", stale.parse().unwrap());
        let response = client_layer().layer(client).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            "an item"
        );
    };
    scope(&trace).around(calling).await;

    assert_one(&ledger, "GET", "200", "completed");
    let spans = trace.spans();
    assert_eq!(spans.len(), 2, "{spans:?}");
    let of = |kind| spans.iter().find(|span| span.span_kind == kind).unwrap();
    let (client, server) = (of(SpanKind::Client), of(SpanKind::Server));
    assert_eq!(client.parent_span_id, trace.parent);
    assert_eq!(server.parent_span_id, client.span_context.span_id());
    assert!(server.parent_span_is_remote);
    assert_eq!(
        attributes(client),
        [
            "http.request.method=GET".to_owned(),
            "http.response.status_code=200".to_owned(),
            "network.protocol.version=1.1".to_owned(),
            "server.address=127.0.0.1".to_owned(),
            format!("server.port={}", address.port()),
            format!("url.full=http://{address}/items/7"),
        ]
    );
}

/// Calls an address, reads what comes, and checks the one record and the one span.
async fn check_that_it_fails<S, B, R>(client: S, address: SocketAddr, status: &str, error: &str)
where
    S: Service<Request<B>, Response = Response<R>, Error: 'static>,
    B: Default,
    R: Body<Error: 'static>,
{
    let (ledger, trace) = (Ledger::new(), Trace::new());
    let _open = ledger.open();
    let calling = async {
        let response = client_layer().layer(client).oneshot(to(address, "/")).await;
        assert_eq!(response.is_ok(), status != "none");
        if let Ok(response) = response {
            assert!(response.into_body().collect().await.is_err());
        }
    };
    scope(&trace).around(calling).await;
    assert_one(&ledger, "GET", status, "failed");
    let span = trace.span();
    assert_eq!(span.status, Status::error(""));
    let attributes = attributes(&span);
    assert!(
        attributes.contains(&format!("error.type={error}")),
        "{attributes:?}"
    );
}

const BROKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst";

#[tokio::test]
async fn the_trace_goes_on_through_hyper_utils_client() {
    check_that_the_trace_goes_on(hyper()).await;
}

#[tokio::test]
async fn hyper_utils_failures_are_counted() {
    let told = |word| {
        if cfg!(feature = "hyper-util") {
            word
        } else {
            "_OTHER"
        }
    };
    check_that_it_fails(hyper(), nobody().await, "none", told("connection_refused")).await;
    let (broken, silent) = (hang_up_after(BROKEN).await, hang_up_after(b"").await);
    check_that_it_fails(hyper(), broken, "200", told("unexpected_eof")).await;
    check_that_it_fails(hyper(), silent, "none", told("unexpected_eof")).await;
}

#[tokio::test]
async fn a_caller_that_leaves_within_the_body_is_cancelled() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let address = hang_up_after(BROKEN).await;
    let client = client_layer().layer(hyper());
    let response = client.oneshot(to(address, "/")).await.unwrap();
    drop(response);
    assert_one(&ledger, "GET", "200", "cancelled");
}

#[tokio::test]
async fn one_client_and_its_clones_count_each_request_on_one_connection() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let app = Router::new().route("/", routing::get(|| async { "here" }));
    let address = serve(app).await;
    let client = client_layer().layer(hyper());
    for _ in 0..5 {
        let response = client.clone().oneshot(to(address, "/")).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let series =
        "calls_client_requests_total{target=stock,method=GET,status=200,outcome=completed}";
    let counted = ledger.read();
    assert_eq!(counted[series], 5.0);
    assert_eq!(
        counted["calls_client_requests_in_flight{target=stock,method=GET}"],
        0.0
    );
}

#[cfg(feature = "reqwest")]
mod reqwest {
    use throughline_http::ReqwestService;

    use super::*;

    fn client() -> ReqwestService {
        let client = ::reqwest::Client::builder().no_proxy().build();
        ReqwestService::new(client.unwrap())
    }

    #[tokio::test]
    async fn the_trace_goes_on_through_reqwest() {
        check_that_the_trace_goes_on::<_, String, _>(client()).await;
    }

    #[tokio::test]
    async fn reqwests_failures_are_counted() {
        let refused = nobody().await;
        check_that_it_fails::<_, String, _>(client(), refused, "none", "connection_refused").await;
        let broken = hang_up_after(BROKEN).await;
        check_that_it_fails::<_, String, _>(client(), broken, "200", "unexpected_eof").await;
    }

    #[tokio::test]
    async fn a_time_out_within_is_a_failure() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let patience = std::time::Duration::from_millis(1);
        let builder = ::reqwest::Client::builder().no_proxy().timeout(patience);
        let client = ReqwestService::new(builder.build().unwrap());
        let silent = listener.local_addr().unwrap();
        check_that_it_fails::<_, String, _>(client, silent, "none", "timeout").await;
    }

    #[tokio::test]
    async fn a_request_that_is_none_to_reqwest_is_a_failure() {
        let ledger = Ledger::new();
        let _open = ledger.open();
        let request = Request::get("/nowhere").body("").unwrap();
        let response = client_layer().layer(client()).oneshot(request).await;
        assert!(response.unwrap_err().is_builder());
        assert_one(&ledger, "GET", "none", "failed");
    }
}
