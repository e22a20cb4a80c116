//! One line a call.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use throughline_grpc::{ACCESS_LOG_FIELDS, ClientLayer, Code, Method, Quiet, ServerLayer};
use tower::{Layer, ServiceExt};
use tracing::{Event, Subscriber, field};
use tracing_subscriber::{
    layer::{Context, SubscriberExt},
    registry,
};

use crate::script::{Step, answering, call, head_only, read_all, stream};

/// Writes each event as its level, its target and its fields.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        struct Fields(String);
        impl field::Visit for Fields {
            fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
                // A time is never twice the same.
                if field.name() == "duration_ms" {
                    let _ = write!(self.0, " duration_ms");
                } else {
                    let _ = write!(self.0, " {}={value:?}", field.name());
                }
            }
        }
        let metadata = event.metadata();
        let mut fields = Fields(format!("{} {}", metadata.level(), metadata.target()));
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
}

fn lines() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let subscriber = registry().with(lines.clone());
    (lines, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_line_says_how_a_call_ended() {
    Method::seed(["log.Log/Line"]);
    let (lines, _current) = lines();
    for number in ["0", "5", "13"] {
        let far = answering(move |request| {
            assert_eq!(request.headers()["authorization"], "hunter2");
            let mut response = head_only(number);
            let message = "hunter2".parse().unwrap();
            response.headers_mut().insert("grpc-message", message);
            response
        });
        let mut request = call("/log.Log/Line");
        let secret = "hunter2".parse().unwrap();
        request.headers_mut().insert("authorization", secret);
        let service = ServerLayer::new()
            .access_log()
            .layer(ClientLayer::new().access_log().layer(far));
        read_all(service.oneshot(request).await.unwrap().into_body()).await;
    }
    let line = |level: &str, what: &str, code: &str| {
        format!(
            "{level} throughline_grpc::access message={what} method=\"log.Log/Line\" \
             code=\"{code}\" outcome=\"completed\" duration_ms"
        )
    };
    assert_eq!(
        *lines.0.lock().unwrap(),
        [
            line("INFO", "call made", "OK"),
            line("INFO", "call served", "OK"),
            line("WARN", "call made", "NOT_FOUND"),
            line("INFO", "call served", "NOT_FOUND"),
            line("WARN", "call made", "INTERNAL"),
            line("ERROR", "call served", "INTERNAL"),
        ]
    );
}

#[tokio::test]
async fn what_is_counted_is_in_the_line() {
    Method::seed(["log.Log/Line"]);
    let (lines, _current) = lines();
    let layer = ServerLayer::new().access_log().count_messages();
    let service = layer.layer(tower::service_fn(
        async |request: http::Request<tonic::body::Body>| {
            http_body_util::BodyExt::collect(request.into_body())
                .await
                .unwrap();
            Ok::<_, std::convert::Infallible>(stream(&[
                Step::Bytes(b"\0\0\0\0\x02ok"),
                Step::Data,
                Step::Trailers(Some("0")),
            ]))
        },
    ));
    let request = call("/log.Log/Line").map(|_| {
        let frame = bytes::Bytes::from_static(b"\0\0\0\0\x03abc");
        tonic::body::Body::new(http_body_util::Full::new(frame))
    });
    let mut request = request;
    let kind = "application/grpc+proto".parse().unwrap();
    request.headers_mut().insert("content-type", kind);
    read_all(service.oneshot(request).await.unwrap().into_body()).await;
    let written = lines.0.lock().unwrap().join("\n");
    let counted = "messages_sent=2 messages_received=1 bytes_sent=2 bytes_received=3";
    assert!(written.ends_with(counted), "{written}");
    // The time alone has no value here.
    let names = written
        .split(' ')
        .map(|field| field.split('=').next().unwrap());
    let ours: Vec<_> = names
        .filter(|name| ACCESS_LOG_FIELDS.contains(name))
        .collect();
    assert_eq!(ours, ACCESS_LOG_FIELDS, "{written}");
}

#[tokio::test]
async fn whats_an_error_can_be_said() {
    Method::seed(["log.Log/Line"]);
    let (lines, _current) = lines();
    for (quiet, path) in [
        (Quiet::HEALTH, "/grpc.health.v1.Health/Check"),
        (Quiet::HEALTH, "/log.Log/Line"),
    ] {
        let layer = ServerLayer::new()
            .access_log()
            .quiet(quiet)
            .errors(|call| call.code() == Code::NotFound);
        let service = layer.layer(answering(|_| head_only("5")));
        read_all(service.oneshot(call(path)).await.unwrap().into_body()).await;
    }
    let written = lines.0.lock().unwrap();
    let [line] = &written[..] else {
        panic!("one line: {written:?}");
    };
    assert!(line.starts_with("ERROR "), "{line}");
}
