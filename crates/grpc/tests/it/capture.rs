//! Metadata on spans: what is listed, and never a secret.

use http::Request;
use throughline_grpc::{Capture, Conventions, ServerLayer};
use tower::{Layer, ServiceExt};

use crate::{
    script::{Step, answering, call, head_only, read_all, stream},
    traces::{Trace, attributes},
};

const CANARY: &str = "hunter2";
const SECRETS: [&str; 8] = [
    "authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
    "client-secret",
    "proxy-authorization",
    "grpc-trace-bin",
    "x-password",
];

fn from(trace: &Trace) -> Request<String> {
    let mut request = call("/capture.Capture/Method");
    let traceparent = trace.traceparent().parse().unwrap();
    request.headers_mut().insert("traceparent", traceparent);
    for name in SECRETS {
        let value = format!("Bearer {CANARY}").parse().unwrap();
        request.headers_mut().insert(name, value);
    }
    for (name, value) in [
        ("x-tenant-id", "seven"),
        ("x-multi", "a"),
        ("x-multi", "b"),
        ("x-long", &"l".repeat(500)),
        ("x-data-bin", "AAEC"),
    ] {
        let value = value.parse().unwrap();
        request.headers_mut().append(name, value);
    }
    let value = http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    request.headers_mut().insert("x-odd", value);
    request
}

async fn captured(layer: ServerLayer) -> Vec<String> {
    let trace = Trace::new();
    let service = layer.trace().layer(answering(|_| {
        let mut response = stream(&[Step::Data, Step::Trailers(Some("0"))]);
        for (name, value) in [("x-region", "north"), ("set-cookie", CANARY)] {
            let value = value.parse().unwrap();
            response.headers_mut().insert(name, value);
        }
        response
    }));
    read_all(service.oneshot(from(&trace)).await.unwrap().into_body()).await;
    let span = trace.span();
    let exported = format!("{span:?}");
    assert!(!exported.contains(CANARY), "{exported}");
    let mut attributes = attributes(&span);
    attributes.retain(|attribute| attribute.contains("metadata"));
    attributes
}

#[tokio::test]
async fn nothing_is_captured_that_is_not_listed() {
    assert_eq!(captured(ServerLayer::new()).await, [""; 0]);
}

#[tokio::test]
async fn what_is_listed_is_captured_as_arrays_of_texts() {
    const CAPTURE: Capture = Capture::request(&[
        "x-tenant-id",
        "x-multi",
        "x-long",
        "x-data-bin",
        "x-odd",
        "x-none",
    ])
    .and_response(&["x-region"])
    .max_len(8);
    let mut expected = [
        r#"rpc.request.metadata.x-tenant-id=["seven"]"#,
        r#"rpc.request.metadata.x-multi=["a","b"]"#,
        r#"rpc.request.metadata.x-long=["llllllll"]"#,
        r#"rpc.request.metadata.x-data-bin=["AAEC"]"#,
        r#"rpc.response.metadata.x-region=["north"]"#,
    ];
    expected.sort_unstable();
    assert_eq!(
        captured(ServerLayer::new().capture(CAPTURE)).await,
        expected
    );
    // In whichever order the setters are called.
    let layer = ServerLayer::new()
        .capture(CAPTURE)
        .conventions(Conventions::Old);
    let old = expected.map(|text| text.replace("rpc.", "rpc.grpc."));
    assert_eq!(captured(layer).await, old);
}

#[tokio::test]
async fn a_configuration_can_list_what_is_no_secret() {
    let capture = Capture::from_config(["x-tenant-id"], ["x-region"]).unwrap();
    let expected = [
        r#"rpc.request.metadata.x-tenant-id=["seven"]"#,
        r#"rpc.response.metadata.x-region=["north"]"#,
    ];
    assert_eq!(
        captured(ServerLayer::new().capture(capture)).await,
        expected
    );
    for name in SECRETS {
        for (request, response) in [(Some(name), None), (None, Some(name))] {
            let error = Capture::from_config(request, response).unwrap_err();
            assert!(error.is_secret_key());
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    for name in ["", "X-Tenant", "x tenant", "x:tenant"] {
        let error = Capture::from_config([name], []).unwrap_err();
        assert!(!error.is_secret_key());
        assert!(error.to_string().contains("no key of metadata"), "{error}");
    }
}

#[test]
fn a_list_in_the_program_cannot_name_one_either() {
    let listed = || Capture::request(&["x-tenant-id", "authorization"]);
    let panic = std::panic::catch_unwind(listed).unwrap_err();
    let text = panic.downcast_ref::<&str>().unwrap();
    assert!(text.contains("secret"), "{text}");
}

#[tokio::test]
async fn the_statuss_message_is_shown_to_those_who_ask_and_scrub() {
    async fn described(layer: ServerLayer) -> opentelemetry::trace::Status {
        let trace = Trace::new();
        let service = layer.trace().layer(answering(|_| {
            let mut response = head_only("13");
            let message = "password%20hunter2%20for%20%C3%A9mile".parse().unwrap();
            response.headers_mut().insert("grpc-message", message);
            response
        }));
        read_all(service.oneshot(from(&trace)).await.unwrap().into_body()).await;
        trace.span().status
    }
    use opentelemetry::trace::Status;
    assert_eq!(described(ServerLayer::new()).await, Status::error(""));
    let layer = ServerLayer::new().status_messages(|text| text.replace(CANARY, "…").into());
    assert_eq!(
        described(layer).await,
        Status::error("password … for émile")
    );
}

#[tokio::test]
async fn causes_are_shown_to_those_who_ask_and_scrub() {
    for is_asked in [false, true] {
        let trace = Trace::new();
        let mut layer = ServerLayer::new().trace();
        if is_asked {
            layer = layer.exceptions(|text| text.replace(CANARY, "…").into());
        }
        let service = layer.layer(answering(|_| {
            let mut status = tonic::Status::internal("it broke");
            let cause = std::io::Error::other(format!("disk {CANARY} is full"));
            status.set_source(std::sync::Arc::new(cause));
            let response: http::Response<()> = status.into_http();
            let (parts, ()) = response.into_parts();
            let mut response = head_only("13");
            *response.extensions_mut() = parts.extensions;
            response
        }));
        read_all(service.oneshot(from(&trace)).await.unwrap().into_body()).await;
        let events = trace.span().events;
        assert_eq!(events.len(), usize::from(is_asked));
        for event in events.iter() {
            assert_eq!(event.name, "exception");
            let text = format!("{:?}", event.attributes);
            assert!(text.contains("disk … is full"), "{text}");
        }
    }
}
