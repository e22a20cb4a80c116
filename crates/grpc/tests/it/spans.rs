//! One span a call and side, by the conventions, without metadata.

use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use opentelemetry::{
    Context,
    trace::{SpanKind, Status, TraceContextExt},
};
use throughline_context::extract;
use throughline_grpc::{ClientLayer, Code, Conventions, Method, ServerLayer};
use tower::{Layer, Service, ServiceExt};

use crate::{
    script::{Messages, Step, answering, call, head_only, read_all, stream},
    traces::{Trace, attributes},
};

const OK: &[Step] = &[Step::Data, Step::Trailers(Some("0"))];

fn from(trace: &Trace, path: &str) -> Request<String> {
    let mut request = call(path);
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    request
}

/// The context of a program that is in the middle of `trace`.
fn within(trace: &Trace) -> Context {
    let traceparent = (
        "traceparent".parse().unwrap(),
        trace.traceparent().parse().unwrap(),
    );
    extract(&HeaderMap::from_iter([traceparent]))
}

async fn serve(
    trace: &Trace,
    path: &str,
    answer: impl Fn(Request<String>) -> Response<Messages> + Clone + Send,
) {
    let service = ServerLayer::new().trace().layer(answering(answer));
    let response = service.oneshot(from(trace, path)).await.unwrap();
    read_all(response.into_body()).await;
}

#[tokio::test]
async fn a_server_span_continues_the_callers_trace() {
    let trace = Trace::new();
    serve(&trace, "/spans.Served/Method", |_| stream(OK)).await;
    let span = trace.span();
    assert_eq!(span.parent_span_id, trace.parent);
    assert!(span.parent_span_is_remote);
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!(span.name, "spans.Served/Method");
    assert_eq!(span.status, Status::Unset);
    let expected = [
        "rpc.method=spans.Served/Method",
        "rpc.response.status_code=OK",
        "rpc.system.name=grpc",
    ];
    assert_eq!(attributes(&span), expected);

    // The same once the method is known.
    let trace = Trace::new();
    serve(&trace, "/spans.Served/Method", |_| stream(OK)).await;
    assert_eq!(trace.span().name, "spans.Served/Method");
    assert_eq!(attributes(&trace.span()), expected);
}

#[tokio::test]
async fn an_invented_method_names_no_span() {
    let trace = Trace::new();
    let invented = "i".repeat(500);
    serve(&trace, &format!("/{invented}?secret=1"), |_| {
        head_only("12")
    })
    .await;
    let span = trace.span();
    assert_eq!(span.name, "grpc");
    assert_eq!(
        attributes(&span),
        [
            "error.type=UNIMPLEMENTED".to_owned(),
            "rpc.method=_OTHER".to_owned(),
            format!("rpc.method_original={}", &invented[..128]),
            "rpc.response.status_code=UNIMPLEMENTED".to_owned(),
            "rpc.system.name=grpc".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_client_span_says_whom_it_calls() {
    for (uri, address, port) in [
        ("http://kernel.internal:50051", "kernel.internal", 50051),
        ("https://kernel.internal", "kernel.internal", 443),
        ("http://kernel.internal/prefix", "kernel.internal", 80),
        ("http://[::1]:50051", "::1", 50051),
    ] {
        let trace = Trace::new();
        let layer = ClientLayer::new().trace().target(&uri.parse().unwrap());
        let mut service = layer.layer(answering(|_| stream(OK)));
        let current = within(&trace).attach();
        let future = service.call(call("/spans.Called/Method"));
        drop(current);
        read_all(future.await.unwrap().into_body()).await;

        let span = trace.span();
        assert_eq!(span.parent_span_id, trace.parent);
        assert_eq!(span.span_kind, SpanKind::Client);
        assert_eq!(span.name, "spans.Called/Method");
        assert_eq!(
            attributes(&span),
            [
                "rpc.method=spans.Called/Method".to_owned(),
                "rpc.response.status_code=OK".to_owned(),
                "rpc.system.name=grpc".to_owned(),
                format!("server.address={address}"),
                format!("server.port={port}"),
            ]
        );
    }
}

#[tokio::test]
async fn a_target_without_a_host_is_not_an_empty_address() {
    let trace = Trace::new();
    let layer = ClientLayer::new()
        .trace()
        .target(&"/socket".parse().unwrap());
    let mut service = layer.layer(answering(|_| stream(OK)));
    let current = within(&trace).attach();
    let future = service.call(call("/spans.Called/Method"));
    drop(current);
    read_all(future.await.unwrap().into_body()).await;
    let attributes = attributes(&trace.span());
    assert!(
        !attributes.iter().any(|a| a.starts_with("server.")),
        "{attributes:?}"
    );
}

#[tokio::test]
async fn the_error_rule_is_that_of_the_side() {
    Method::seed(["spans.Rule/Method"]);
    const SERVERS_FAULT: [u8; 6] = [2, 4, 12, 13, 14, 15];
    for (number, code) in (0..).zip(Code::ALL) {
        let answer = move |_| head_only(&number.to_string());
        let expected = |failed: bool| match failed {
            true => (Status::error(""), Some(format!("error.type={code}"))),
            false => (Status::Unset, None),
        };
        let found = |trace: &Trace| {
            let span = trace.span();
            let mut attributes = attributes(&span).into_iter();
            let error = attributes.find(|a| a.starts_with("error.type="));
            (span.status, error)
        };

        let trace = Trace::new();
        serve(&trace, "/spans.Rule/Method", answer).await;
        assert_eq!(
            found(&trace),
            expected(SERVERS_FAULT.contains(&number)),
            "{code}"
        );
        assert_eq!(code.is_server_error(), SERVERS_FAULT.contains(&number));

        let trace = Trace::new();
        let mut service = ClientLayer::new().trace().layer(answering(answer));
        let current = within(&trace).attach();
        let future = service.call(call("/spans.Rule/Method"));
        drop(current);
        read_all(future.await.unwrap().into_body()).await;
        assert_eq!(found(&trace), expected(number != 0), "{code}");
    }
}

#[tokio::test]
async fn a_panic_and_a_cancellation_are_told_apart() {
    let trace = Trace::new();
    let service = ServerLayer::new()
        .trace()
        .layer(answering(|_| stream(&[Step::Data, Step::Panic])));
    let response = service.oneshot(from(&trace, "/spans.Panic/Method")).await;
    let read = tokio::spawn(read_all(response.unwrap().into_body())).await;
    assert!(read.is_err());
    let span = trace.span();
    assert_eq!(span.status, Status::error(""));
    assert!(attributes(&span).contains(&"error.type=panic".to_owned()));
    assert!(attributes(&span).contains(&"rpc.response.status_code=INTERNAL".to_owned()));

    let trace = Trace::new();
    let service = ServerLayer::new()
        .trace()
        .layer(answering(|_| stream(&[Step::Data, Step::Wait])));
    drop(service.oneshot(from(&trace, "/spans.Gone/Method")).await);
    let span = trace.span();
    assert_eq!(span.status, Status::Unset);
    assert!(attributes(&span).contains(&"rpc.response.status_code=CANCELLED".to_owned()));
}

#[tokio::test]
async fn a_span_ends_with_the_trailers() {
    let trace = Trace::new();
    let service = ServerLayer::new().trace().layer(answering(|_| stream(OK)));
    let response = service.oneshot(from(&trace, "/spans.Ends/Method")).await;
    let mut body = response.unwrap().into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data());
    assert!(trace.spans().is_empty());
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    trace.span();
    drop(body);
    trace.span();
}

#[tokio::test]
async fn no_metadata_and_no_message_is_exported() {
    const CANARY: &str = "hunter2";
    let trace = Trace::new();
    let service = ServerLayer::new().trace().layer(answering(|_| {
        let mut response = head_only("13");
        let message = format!("password {CANARY} is wrong").parse().unwrap();
        response.headers_mut().insert("grpc-message", message);
        response
    }));
    let mut request = from(&trace, "/spans.Secret/Method?token=hunter2");
    for name in [
        "authorization",
        "cookie",
        "x-api-key",
        "user-agent",
        "baggage",
        "tracestate",
    ] {
        let value = format!("a={CANARY}").parse().unwrap();
        request.headers_mut().insert(name, value);
    }
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    let exported = format!("{:?}", trace.span());
    assert!(!exported.contains(CANARY), "{exported}");
}

#[tokio::test]
async fn the_span_is_current_in_the_handler() {
    let trace = Trace::new();
    serve(&trace, "/spans.Current/Method", |_| {
        let mut response = stream(OK);
        let current = Context::current().span().span_context().span_id();
        let current = current.to_string().parse().unwrap();
        response.headers_mut().insert("current", current);
        response
    })
    .await;
    trace.span();
    let service = ServerLayer::new().layer(answering(|_| {
        let current = Context::current().span().span_context().span_id();
        assert_ne!(current, opentelemetry::trace::SpanId::INVALID);
        stream(OK)
    }));
    // Without the concern it is the caller's.
    let response = service.oneshot(from(&trace, "/spans.Current/Method")).await;
    read_all(response.unwrap().into_body()).await;
    trace.span();
}

async fn conventional(conventions: Conventions) -> (Trace, Vec<String>) {
    Method::seed(["spans.v1.Names/Method"]);
    let trace = Trace::new();
    let service = ServerLayer::new()
        .trace()
        .conventions(conventions)
        .layer(answering(|_| head_only("5")));
    let request = from(&trace, "/spans.v1.Names/Method");
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    let attributes = attributes(&trace.span());
    (trace, attributes)
}

#[tokio::test]
async fn the_names_are_those_of_the_generation_that_is_asked_for() {
    for (conventions, expected) in [
        (
            Conventions::Current,
            &[
                "rpc.method=spans.v1.Names/Method",
                "rpc.response.status_code=NOT_FOUND",
                "rpc.system.name=grpc",
            ][..],
        ),
        (
            Conventions::Next,
            &[
                "rpc.method=spans.v1.Names/Method",
                "rpc.status_code=NOT_FOUND",
                "rpc.system.name=grpc",
            ],
        ),
        (
            Conventions::Old,
            &[
                "rpc.grpc.status_code=5",
                "rpc.method=Method",
                "rpc.service=spans.v1.Names",
                "rpc.system=grpc",
            ],
        ),
    ] {
        let (trace, attributes) = conventional(conventions).await;
        assert_eq!(attributes, expected);
        assert_eq!(trace.span().name, "spans.v1.Names/Method");
    }
}

#[tokio::test]
async fn a_server_span_says_whom_its_caller_meant_if_asked() {
    for (path, host, expected) in [
        (
            "http://kernel.internal:50051/spans.Served/Method",
            None,
            &["kernel.internal", "50051"][..],
        ),
        (
            "http://[::1]:50051/spans.Served/Method",
            None,
            &["::1", "50051"],
        ),
        (
            "http://kernel.internal/spans.Served/Method",
            None,
            &["kernel.internal"],
        ),
        (
            "/spans.Served/Method",
            Some("kernel.internal:80"),
            &["kernel.internal", "80"],
        ),
        ("/spans.Served/Method", Some("not a host"), &[]),
        ("/spans.Served/Method", None, &[]),
    ] {
        for is_asked in [false, true] {
            let trace = Trace::new();
            let mut layer = ServerLayer::new().trace();
            if is_asked {
                layer = layer.server_address();
            }
            let service = layer.layer(answering(|_| stream(OK)));
            let mut request = from(&trace, path);
            // Nobody's word but the authority's is taken.
            let forged = "forged.internal".parse().unwrap();
            request.headers_mut().insert("x-forwarded-host", forged);
            if let Some(host) = host {
                let host = host.parse().unwrap();
                request.headers_mut().insert("host", host);
            }
            read_all(service.oneshot(request).await.unwrap().into_body()).await;
            let found: Vec<_> = attributes(&trace.span())
                .into_iter()
                .filter_map(|a| Some(a.strip_prefix("server.")?.split_once('=')?.1.to_owned()))
                .collect();
            let expected = if is_asked { expected } else { &[] };
            assert_eq!(found, expected, "{path} {host:?}");
        }
    }
}

#[tokio::test]
async fn what_an_error_is_can_be_said() {
    let trace = Trace::new();
    let service = ServerLayer::new()
        .trace()
        .errors(|call| call.code() == Code::NotFound)
        .layer(answering(|request| match request.uri().path() {
            "/spans.Rule/Found" => head_only("13"),
            _ => head_only("5"),
        }));
    for path in ["/spans.Rule/Found", "/spans.Rule/NotFound"] {
        let response = service.clone().oneshot(from(&trace, path)).await.unwrap();
        read_all(response.into_body()).await;
    }
    let statuses: Vec<_> = trace.spans().into_iter().map(|span| span.status).collect();
    assert_eq!(statuses, [Status::Unset, Status::error("")]);
}
