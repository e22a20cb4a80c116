//! The client layer: one record a call however it ends, and nothing changed but the trace headers.

use std::collections::BTreeMap;
use std::future::{pending, ready};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use metrics_util::debugging::DebuggingRecorder;
use opentelemetry::trace::{SpanKind, Status as SpanStatus, TraceContextExt};
use throughline_catalog::catalog;
use throughline_context::{Scope, extract};
use throughline_correlation::{ForwardIdsLayer, Ids, RequestId};
use throughline_http::{
    Client, ClientBody, ClientFuture, ClientLayer, Method, Outcome, Route, RouteTemplate, Status,
    Target,
};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::{
    ledger::Ledger,
    script::{
        Bytestream, Step, answering, body, doing, get, looking_body, read_all, request,
        silent_panic,
    },
    traces::{Trace, attributes},
};

catalog! { pub(crate) mod calls, budget 300_000;
    /// Requests made.
    counter calls_client_requests_total {
        target: Target, method: Method, status: Status, outcome: Outcome,
    };
    /// Time to the end of the response.
    histogram calls_client_request_duration_seconds { endpoint: Route, outcome: Outcome }
        buckets [0.01, 1.0];
    /// Requests under way.
    gauge calls_client_requests_in_flight { target: Target, method: Method };
}

/// A layer with all concerns.
pub(crate) fn client_layer() -> ClientLayer {
    ClientLayer::new()
        .target("stock")
        .trace()
        .total(calls::calls_client_requests_total)
        .duration(calls::calls_client_request_duration_seconds)
        .in_flight(calls::calls_client_requests_in_flight)
}

/// Checks that exactly one request was counted, with these labels, and none is in flight.
#[track_caller]
pub(crate) fn assert_one(ledger: &Ledger, method: &str, status: &str, outcome: &str) {
    let expected = BTreeMap::from([
        (
            format!(
                "calls_client_requests_total{{target=stock,method={method},status={status},outcome={outcome}}}"
            ),
            1.0,
        ),
        (
            format!(
                "calls_client_request_duration_seconds{{endpoint=unmatched,outcome={outcome}}}"
            ),
            1.0,
        ),
        (
            format!("calls_client_requests_in_flight{{target=stock,method={method}}}"),
            0.0,
        ),
    ]);
    let mut counted = ledger.read();
    counted.retain(|series, _| series.starts_with("calls_"));
    assert_eq!(counted, expected);
}

/// The scope of a handler whose span is the trace's parent.
pub(crate) fn scope(trace: &Trace) -> Scope {
    let headers: BTreeMap<_, _> = [("traceparent".to_owned(), trace.traceparent())].into();
    Scope::default().with_context(extract(&headers))
}

/// Runs a request through `service`, reads `read` frames of its body, and checks the one record and
/// the one span.
#[track_caller]
fn check(
    service: impl Service<Request<String>, Response = Response<Bytestream>, Error: 'static>,
    read: usize,
    status: &str,
    outcome: &str,
    error: Option<&str>,
) {
    let (ledger, trace) = (Ledger::new(), Trace::new());
    let _open = ledger.open();
    let calling = async {
        let response = client_layer()
            .layer(service)
            .oneshot(get("http://stock/items"));
        let Ok(response) = response.await else { return };
        let mut body = response.into_body();
        for _ in 0..read {
            if !matches!(body.frame().await, Some(Ok(_))) {
                break;
            }
        }
    };
    let calling = scope(&trace).around(AssertUnwindSafe(calling).catch_unwind());
    // What waits for ever is dropped here.
    let _ = calling.now_or_never();

    assert_one(&ledger, "GET", status, outcome);
    let span = trace.span();
    assert_eq!(span.span_kind, SpanKind::Client);
    let expected = match error {
        Some(_) => SpanStatus::error(""),
        None => SpanStatus::Unset,
    };
    assert_eq!(span.status, expected);
    let types: Vec<_> = attributes(&span)
        .into_iter()
        .filter_map(|a| a.strip_prefix("error.type=").map(str::to_owned))
        .collect();
    assert_eq!(types, Vec::from_iter(error.map(str::to_owned)));
}

fn answers(
    status: u16,
    steps: &'static [Step],
) -> impl Service<Request<String>, Response = Response<Bytestream>, Error: 'static> {
    answering(move |_| {
        let mut response = Response::new(body(steps));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    })
}

type Answer<E> = Result<Response<Bytestream>, E>;

#[test]
fn each_ending_is_counted_and_traced_once() {
    check(answers(200, &[]), 1, "200", "completed", None);
    check(
        answers(200, &[Step::Data, Step::Trailers]),
        3,
        "200",
        "completed",
        None,
    );
    check(answers(302, &[]), 1, "302", "completed", None);
    // To a client both are errors.
    check(answers(404, &[]), 1, "404", "completed", Some("404"));
    check(
        answers(503, &[Step::Data]),
        2,
        "503",
        "completed",
        Some("503"),
    );
    check(answers(204, &[Step::Data]), 0, "204", "completed", None);
    check(
        answers(200, &[Step::Fail]),
        1,
        "200",
        "failed",
        Some("_OTHER"),
    );
    check(
        answers(200, &[Step::Panic]),
        1,
        "200",
        "panicked",
        Some("panic"),
    );
    // Giving up on purpose is no error, but what was seen before is.
    check(
        answers(200, &[Step::Data, Step::Wait]),
        2,
        "200",
        "cancelled",
        None,
    );
    check(answers(200, &[Step::Data]), 0, "200", "cancelled", None);
    check(
        answers(404, &[Step::Data]),
        0,
        "404",
        "cancelled",
        Some("404"),
    );
}

#[test]
fn a_call_without_a_response_has_no_status() {
    let fails = doing(|| ready(Answer::Err(BoxError::from("the far end is gone"))));
    check(fails, 0, "none", "failed", Some("_OTHER"));
    let waits = doing(pending::<Answer<BoxError>>);
    check(waits, 0, "none", "cancelled", None);
    let panics_later = doing(|| async { silent_panic::<Answer<BoxError>>() });
    check(panics_later, 0, "none", "panicked", Some("panic"));
    let panics_in_call =
        service_fn(|_: Request<String>| -> std::future::Ready<Answer<BoxError>> { silent_panic() });
    check(panics_in_call, 0, "none", "panicked", Some("panic"));
}

#[test]
fn a_failure_of_the_system_is_told_by_a_word() {
    use std::io::{Error, ErrorKind};
    let cases = [
        (ErrorKind::ConnectionRefused, "connection_refused"),
        (ErrorKind::ConnectionReset, "connection_reset"),
        (ErrorKind::TimedOut, "timeout"),
        (ErrorKind::PermissionDenied, "_OTHER"),
    ];
    for (kind, word) in cases {
        let bare = doing(move || ready(Answer::Err(Error::from(kind))));
        check(bare, 0, "none", "failed", Some(word));
        // As in the stacks of tower's layers.
        let boxed = doing(move || ready(Answer::Err(BoxError::from(Error::from(kind)))));
        check(boxed, 0, "none", "failed", Some(word));
    }
}

#[tokio::test]
async fn a_head_response_ends_at_its_head() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let service = client_layer().layer(answers(200, &[Step::Wait]));
    drop(service.oneshot(request("HEAD", "http://stock/")).await);
    assert_one(&ledger, "HEAD", "200", "completed");
}

/// What the far end saw of the trace.
async fn sent(layer: ClientLayer, scope: Scope, request: Request<String>) -> Vec<Option<String>> {
    let far_end = answering(|request: Request<String>| {
        let mut response = Response::new(body(&[]));
        *response.headers_mut() = request.headers().clone();
        response
    });
    let response = scope.around(layer.layer(far_end).oneshot(request)).await;
    let (head, body) = response.unwrap().into_parts();
    read_all(body).await;
    let one = |name: &str| {
        let mut values = head.headers.get_all(name).iter();
        let value = values
            .next()
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(values.next(), None);
        value
    };
    vec![one("traceparent"), one("tracestate")]
}

/// As a proxy copies it from the request that it serves.
fn copied() -> Request<String> {
    let mut request = get("http://stock/");
    for (name, value) in [
        (
            "traceparent",
            "00-11111111111111111111111111111111-2222222222222222-01",
        ),
        (
            "traceparent",
            "00-33333333333333333333333333333333-4444444444444444-01",
        ),
        ("tracestate", "stale=1"),
    ] {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

// A8
#[tokio::test]
async fn the_trace_goes_along_whatever_the_concerns_and_replaces_a_stale_one() {
    let trace = Trace::new();
    let bare = sent(ClientLayer::new(), scope(&trace), copied()).await;
    assert_eq!(bare, [Some(trace.traceparent()), None]);
    assert!(trace.spans().is_empty());

    let traced = sent(client_layer(), scope(&trace), copied()).await;
    let span = trace.span();
    assert_eq!(span.parent_span_id, trace.parent);
    let id = span.span_context.span_id();
    assert_eq!(traced, [Some(format!("00-{}-{id}-01", trace.id)), None]);
}

#[tokio::test]
async fn without_a_trace_none_is_sent() {
    let nothing = sent(ClientLayer::new(), Scope::default(), copied()).await;
    assert_eq!(nothing, [None, None]);
}

// A14
#[tokio::test]
async fn ids_go_along_by_the_layer_beside() {
    let id = RequestId::parse("req-7").unwrap();
    let client = ServiceBuilder::new()
        .layer(client_layer())
        .layer(ForwardIdsLayer::new())
        .service(answering(|request: Request<String>| {
            assert_eq!(request.headers()["x-request-id"], "req-7");
            Response::new(Empty::<Bytes>::new())
        }));
    let scope = Scope::default().with_ids(Ids::empty().with(&id));
    scope
        .around(client.oneshot(get("http://stock/")))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_span_is_current_wherever_the_client_runs() {
    let trace = Trace::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = {
        let seen = Arc::clone(&seen);
        move || {
            let cx = opentelemetry::Context::current();
            seen.lock()
                .unwrap()
                .push(cx.span().span_context().span_id());
        }
    };
    let service = client_layer().layer(service_fn(move |_: Request<String>| {
        look();
        let look = look.clone();
        async move {
            look();
            Ok::<_, BoxError>(Response::new(looking_body(look)))
        }
    }));
    let response = scope(&trace)
        .around(service.oneshot(get("http://stock/")))
        .await;
    read_all(response.unwrap().into_body()).await;
    let id = trace.span().span_context.span_id();
    assert_eq!(*seen.lock().unwrap(), [id; 4]);
}

async fn span_of(layer: ClientLayer, request: Request<String>) -> (String, Vec<String>) {
    let trace = Trace::new();
    let service = layer.layer(answers(200, &[]));
    let response = scope(&trace).around(service.oneshot(request)).await;
    read_all(response.ok().unwrap().into_body()).await;
    let span = trace.span();
    (span.name.to_string(), attributes(&span))
}

#[tokio::test]
async fn a_span_says_what_was_called() {
    let mut item = get("https://[2001:db8::1]:8443/items/7?token=x");
    let template = RouteTemplate::new("/items/{id}");
    item.extensions_mut().insert(template);
    let (name, attributes) = span_of(client_layer(), item).await;
    assert_eq!(name, "GET /items/{id}");
    assert_eq!(
        attributes,
        [
            "http.request.method=GET",
            "http.response.status_code=200",
            "network.protocol.version=1.1",
            "server.address=2001:db8::1",
            "server.port=8443",
            "url.full=https://[2001:db8::1]:8443/items/7",
            "url.template=/items/{id}",
        ]
    );

    let (name, attributes) = span_of(client_layer(), get("https://example.com")).await;
    assert_eq!(name, "GET");
    assert!(attributes.contains(&"server.port=443".to_owned()));
    assert!(attributes.contains(&"url.full=https://example.com/".to_owned()));

    let hidden = client_layer().hide_path();
    let (_, attributes) = span_of(hidden, get("http://hooks.example.com/T0/secret?x=1")).await;
    assert!(attributes.contains(&"url.full=http://hooks.example.com".to_owned()));

    // A request in origin form does not say whom it calls.
    let (_, attributes) = span_of(client_layer(), get("/items/7")).await;
    assert!(
        !attributes
            .iter()
            .any(|a| a.starts_with("server.") || a.starts_with("url."))
    );

    let invented = request("BREW", "http://stock/");
    let (name, attributes) = span_of(client_layer(), invented).await;
    assert_eq!(name, "HTTP");
    assert!(attributes.contains(&"http.request.method=_OTHER".to_owned()));
    assert!(attributes.contains(&"http.request.method_original=BREW".to_owned()));
}

#[tokio::test]
async fn a_template_is_the_route() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut request = get("http://stock/items/7");
    let template = RouteTemplate::new("/items/{id}");
    request.extensions_mut().insert(template);
    let service = client_layer().layer(answers(200, &[]));
    read_all(service.oneshot(request).await.ok().unwrap().into_body()).await;
    let series = "calls_client_request_duration_seconds{endpoint=/items/{id},outcome=completed}";
    assert_eq!(ledger.read()[series], 1.0);
}

#[tokio::test]
async fn a_host_is_no_target() {
    let ledger = Ledger::new();
    let _open = ledger.open();
    let layer = ClientLayer::new().total(calls::calls_client_requests_total);
    for host in 0..100 {
        let service = layer.layer(answers(200, &[]));
        let response = service.oneshot(get(&format!("http://host-{host}/"))).await;
        read_all(response.ok().unwrap().into_body()).await;
    }
    let series =
        "calls_client_requests_total{target=unnamed,method=GET,status=200,outcome=completed}";
    let counted = ledger.read();
    assert_eq!(counted[series], 100.0);
    assert_eq!(
        counted
            .keys()
            .filter(|series| series.starts_with("calls_"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_recorder_can_be_given() {
    let (current, given) = (Ledger::new(), DebuggingRecorder::new());
    let _open = current.open();
    let seen = given.snapshotter();
    let layer = ClientLayer::new()
        .total(calls::calls_client_requests_total)
        .recorder(Arc::new(given))
        .in_flight(calls::calls_client_requests_in_flight);
    let response = layer.layer(answers(200, &[])).oneshot(get("http://stock/"));
    read_all(response.await.ok().unwrap().into_body()).await;
    let series = seen.snapshot().into_vec();
    let ours = series
        .iter()
        .filter(|(key, ..)| key.key().name().starts_with("calls_"));
    assert_eq!(ours.count(), 2);
    assert!(
        !current
            .read()
            .keys()
            .any(|series| series.starts_with("calls_"))
    );
}

#[tokio::test]
async fn nothing_secret_is_exported() {
    const CANARY: &str = "hunter2";
    let (ledger, trace) = (Ledger::new(), Trace::new());
    let _open = ledger.open();
    let service = client_layer().layer(answering(|_| {
        let mut response = Response::new(body(&[Step::Fail]));
        let cookie = format!("session={CANARY}").parse().unwrap();
        response.headers_mut().insert("set-cookie", cookie);
        response
    }));
    let mut request = get("http://hunter2:hunter2@stock:80/login?token=hunter2&hunter2=1");
    for name in [
        "authorization",
        "cookie",
        "x-api-key",
        "host",
        "baggage",
        "hunter2",
    ] {
        let value = format!("a={CANARY}").parse().unwrap();
        request.headers_mut().insert(name, value);
    }
    let response = scope(&trace)
        .around(service.oneshot(request))
        .await
        .unwrap();
    let _ = response.into_body().collect().await;
    let exported = format!("{:?}{:?}", trace.span(), ledger.read());
    assert!(exported.contains("url.full"), "{exported}");
    assert!(exported.contains("http://stock:80/login"), "{exported}");
    assert!(!exported.contains(CANARY), "{exported}");
}

#[tokio::test]
async fn nothing_changes_about_what_it_wraps() {
    fn is_fit<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn is_send<T: Send>(_: &T) {}
    fn error_of<S: Service<Request<()>, Error = E>, E: 'static>(_: &S) -> std::any::TypeId {
        std::any::TypeId::of::<E>()
    }
    let mut client = client_layer().layer(service_fn(async |_: Request<()>| {
        Ok::<_, String>(Response::new(Full::new(Bytes::from("hello"))))
    }));
    assert_eq!(error_of(&client), std::any::TypeId::of::<String>());
    is_fit(&client);
    let future: ClientFuture<_> = client.call(Request::new(()));
    is_send(&future);
    let body: ClientBody<Full<Bytes>> = future.await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(!body.is_end_stream());
    assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    assert!(ClientBody::<Full<Bytes>>::default().is_end_stream());

    let mut reached: Client<u8> = client_layer().layer(7);
    *reached.get_mut() += 1;
    assert_eq!((*reached.get_ref(), reached.into_inner()), (8, 8));
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    struct Refusing;
    impl Service<Request<()>> for Refusing {
        type Response = Response<Empty<Bytes>>;
        type Error = &'static str;
        type Future = std::future::Pending<Result<Self::Response, Self::Error>>;
        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            std::task::Poll::Ready(Err("not now"))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            pending()
        }
    }
    let ledger = Ledger::new();
    let _open = ledger.open();
    let mut client = client_layer().layer(Refusing);
    assert_eq!(client.ready().await.err(), Some("not now"));
    // Nothing was called, and nothing is counted.
    assert!(
        !ledger
            .read()
            .keys()
            .any(|series| series.starts_with("calls_"))
    );
}
