//! The server span: one a request, with nothing in it that a client could fill with secrets.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, routing};
use http::{Request, Response};
use http_body_util::BodyExt;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanKind, Status, TraceContextExt},
};
use throughline_http::ServerLayer;
use tower::{BoxError, Layer, ServiceExt};

use crate::{
    script::{Step, answering, body, looking_body, read_all},
    traces::{Trace, attributes},
};

fn get(trace: &Trace, uri: &str) -> Request<String> {
    request(trace, "GET", uri)
}

fn request(trace: &Trace, method: &str, uri: &str) -> Request<String> {
    let request = Request::builder().method(method).uri(uri);
    let request = request.header("traceparent", trace.traceparent());
    request.body(String::new()).unwrap()
}

fn traced() -> ServerLayer {
    ServerLayer::new().trace()
}

#[tokio::test]
async fn a_span_continues_the_callers_trace_and_tells_the_route() {
    let trace = Trace::new();
    let app = Router::new()
        .route("/spanned/{id}", routing::get(|| async { "here" }))
        .layer(traced());
    let request = get(&trace, "/spanned/7?page=2").map(Body::from);
    read_all(app.oneshot(request).await.unwrap().into_body()).await;

    let span = trace.span();
    assert_eq!(span.parent_span_id, trace.parent);
    assert!(span.parent_span_is_remote);
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!(span.name, "GET /spanned/{id}");
    assert_eq!(span.status, Status::Unset);
    assert_eq!(
        attributes(&span),
        [
            "http.request.method=GET",
            "http.response.status_code=200",
            "http.route=/spanned/{id}",
            "network.protocol.version=1.1",
            "url.path=/spanned/7",
            "url.scheme=http",
        ]
    );
}

#[tokio::test]
async fn a_request_that_matches_nothing_is_named_by_its_method_alone() {
    let trace = Trace::new();
    let app: Router = Router::new()
        .route("/", routing::get(|| async {}))
        .layer(traced());
    let request = get(&trace, "/wp-login.php").map(Body::from);
    read_all(app.oneshot(request).await.unwrap().into_body()).await;
    let span = trace.span();
    assert_eq!(span.name, "GET");
    let attributes = attributes(&span);
    assert!(attributes.contains(&"http.response.status_code=404".to_owned()));
    assert!(!attributes.iter().any(|a| a.starts_with("http.route=")));
}

#[tokio::test]
async fn an_invented_method_names_no_span_and_is_cut() {
    let trace = Trace::new();
    let invented = "X".repeat(100);
    let service = traced().layer(answering(|_| Response::new(body(&[]))));
    let response = service.oneshot(request(&trace, &invented, "/")).await;
    read_all(response.unwrap().into_body()).await;
    let span = trace.span();
    assert_eq!(span.name, "HTTP");
    let attributes = attributes(&span);
    assert!(attributes.contains(&"http.request.method=_OTHER".to_owned()));
    assert!(attributes.contains(&format!("http.request.method_original={}", &invented[..32])));
}

#[tokio::test]
async fn a_tunnel_has_no_path() {
    let trace = Trace::new();
    let service = traced().layer(answering(|_| Response::new(body(&[]))));
    drop(
        service
            .oneshot(request(&trace, "CONNECT", "example.com:443"))
            .await,
    );
    let attributes = attributes(&trace.span());
    assert!(
        !attributes.iter().any(|a| a.starts_with("url.path")),
        "{attributes:?}"
    );
}

#[tokio::test]
async fn the_absolute_form_tells_the_scheme() {
    let trace = Trace::new();
    let service = traced().layer(answering(|_| Response::new(body(&[]))));
    drop(
        service
            .oneshot(get(&trace, "https://example.com/far"))
            .await,
    );
    assert!(attributes(&trace.span()).contains(&"url.scheme=https".to_owned()));
}

#[tokio::test]
async fn a_span_ends_with_the_body() {
    let trace = Trace::new();
    let service = traced().layer(answering(|_| {
        Response::new(body(&[Step::Data, Step::Data]))
    }));
    let response = service.oneshot(get(&trace, "/")).await.unwrap();
    let mut body = response.into_body();
    for _ in 0..2 {
        assert!(body.frame().await.unwrap().is_ok());
        assert!(trace.spans().is_empty());
    }
    assert!(body.frame().await.is_none());
    trace.span();
    drop(body);
    trace.span();
}

#[tokio::test]
async fn nothing_that_a_client_can_fill_with_secrets_is_exported() {
    const CANARY: &str = "hunter2";
    let trace = Trace::new();
    let service = traced().traceresponse().layer(answering(|_| {
        let mut response = Response::new(body(&[Step::Fail]));
        let cookie = format!("session={CANARY}").parse().unwrap();
        response.headers_mut().insert("set-cookie", cookie);
        response
    }));
    let mut request = get(&trace, "/login?token=hunter2&x=hunter2#hunter2");
    for name in [
        "authorization",
        "cookie",
        "x-api-key",
        "user-agent",
        "host",
        "forwarded",
        "x-forwarded-for",
        "baggage",
        "tracestate",
        "hunter2",
    ] {
        let value = format!("a={CANARY}").parse().unwrap();
        request.headers_mut().insert(name, value);
    }
    let response = service.oneshot(request).await.unwrap();
    let _ = response.into_body().collect().await;
    let exported = format!("{:?}", trace.span());
    assert!(!exported.contains(CANARY), "{exported}");
}

#[tokio::test]
async fn the_span_is_current_wherever_the_service_runs() {
    let trace = Trace::new();
    let seen: Arc<Mutex<Vec<SpanContext>>> = Arc::default();
    let look = {
        let seen = Arc::clone(&seen);
        move || {
            let current = Context::current().span().span_context().clone();
            seen.lock().unwrap().push(current);
        }
    };
    let service = traced().layer(tower::service_fn(move |_: Request<String>| {
        look();
        let look = look.clone();
        async move {
            look();
            tokio::task::yield_now().await;
            look();
            Ok::<_, BoxError>(Response::new(looking_body(look)))
        }
    }));
    let response = service.oneshot(get(&trace, "/")).await.unwrap();
    read_all(response.into_body()).await;
    assert!(!Context::current().has_active_span());

    let span = trace.span();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| *seen == span.span_context));
}

#[tokio::test]
async fn the_caller_is_told_the_span_if_asked_for() {
    let trace = Trace::new();
    let service = traced()
        .traceresponse()
        .layer(answering(|_| Response::new(body(&[]))));
    let response = service.oneshot(get(&trace, "/")).await.unwrap();
    let (head, rest) = response.into_parts();
    read_all(rest).await;
    let told = head.headers["traceresponse"].to_str().unwrap();
    let span = trace.span().span_context;
    assert_eq!(
        told,
        format!("00-{}-{}-01", span.trace_id(), span.span_id())
    );

    let trace = Trace::new();
    let service = traced().layer(answering(|_| Response::new(body(&[]))));
    let response = service.oneshot(get(&trace, "/")).await.unwrap();
    assert!(!response.headers().contains_key("traceresponse"));
}

#[tokio::test]
async fn two_parents_are_none() {
    let trace = Trace::new();
    let service = traced()
        .traceresponse()
        .layer(answering(|_| Response::new(body(&[]))));
    let mut request = get(&trace, "/");
    let other = Trace::new();
    let second = other.traceparent().parse().unwrap();
    request.headers_mut().append("traceparent", second);
    let response = service.oneshot(request).await.unwrap();
    assert!(response.headers().contains_key("traceresponse"));
    assert!(trace.spans().is_empty() && other.spans().is_empty());
}
